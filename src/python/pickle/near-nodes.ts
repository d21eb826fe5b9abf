/**
 * What stood in the place of each part of a changed value, so that it keeps its type where it is equal. An object that
 * was handed out is known wherever it was moved; a number or text is known by its place and value alone.
 */
import { originNode } from './origin.ts'
import { isObjectNode, type PickleNode } from './pickle-node.ts'

/** The value of a part that is no object in JavaScript; undefined for any other. */
export function scalarOf(node: PickleNode | undefined): unknown {
  if (!isObjectNode(node)) return node
  return node.kind === 'float' || node.kind === 'text' ? node.value : undefined
}

function matches(node: PickleNode | undefined, item: unknown): boolean {
  if (typeof item === 'object' && item !== null) return originNode(item) === node
  return node !== undefined && Object.is(scalarOf(node), item)
}

/**
 * For each item of a list what it was, or what it replaces: common head and tail stay; between them scalars are known
 * by their value, and whatever else by its index where the length is the same.
 */
export function nearItems(before: readonly PickleNode[], after: readonly unknown[]): (PickleNode | undefined)[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && matches(before[head], after[head])) head++
  let tail = 0
  while (tail < shorter - head && matches(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail++

  const take = scalarPool(before.slice(head, before.length - tail))
  const isPaired = before.length === after.length
  return Array.from(after, (item, index) => {
    const fromEnd = after.length - index
    if (index < head) return before[index]
    if (fromEnd <= tail) return before[before.length - fromEnd]
    return take(item) ?? (isPaired ? before[index] : undefined)
  })
}

/** Gives each scalar once to an equal value, in order. */
function scalarPool(nodes: readonly PickleNode[]): (item: unknown) => PickleNode | undefined {
  const byValue = new Map<unknown, PickleNode[]>()
  for (const node of nodes) {
    const value = scalarOf(node)
    if (value === undefined) continue
    const known = byValue.get(poolKey(value))
    if (known === undefined) byValue.set(poolKey(value), [node])
    else known.push(node)
  }
  return (item) => {
    const known = byValue.get(poolKey(item))
    return known !== undefined && matches(known[0], item) ? known.shift() : undefined
  }
}

/** Maps hash bigints by their last 64 bits alone. */
function poolKey(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString(16) : value
}

/** For each key what place a dict had it at, known by what it is in JavaScript; undefined for a new one. */
export function keyPlaces(before: readonly PickleNode[], after: readonly unknown[]): (number | undefined)[] {
  const places = new Map<unknown, number>()
  for (const [place, node] of before.entries()) {
    const scalar = scalarOf(node)
    places.set(scalar === undefined ? node : scalar, place)
  }
  return after.map((key) => places.get(typeof key === 'object' && key !== null ? originNode(key) : key))
}
