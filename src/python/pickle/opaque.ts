/** Objects of classes that are not known here: they are kept as they came, and nothing of them is made. */
import {
  childrenOf,
  isObjectNode,
  type ObjectNode,
  type OpaqueNode,
  type PickleNode,
  pathOf,
  type SequenceNode,
} from './pickle-node.ts'

export function opaque(
  made: OpaqueNode['made'],
  of: PickleNode,
  args: SequenceNode,
  kwargs: PickleNode = null,
): OpaqueNode {
  const node: OpaqueNode = { kind: 'opaque', made, of, args, fills: [], shared: false }
  return kwargs === null ? node : { ...node, kwargs }
}

/** Whether a value is only known by its steps, or a class. */
export function isOpaque(node: PickleNode | undefined): boolean {
  return isObjectNode(node) && (node.kind === 'opaque' || node.kind === 'global')
}

/** The name to report for a value that cannot be read: a class that is not known, else what is called. */
export function forbiddenIn(node: ObjectNode): string {
  const seen = new Set<ObjectNode>()
  const waiting: ObjectNode[] = [node]
  let called: string | undefined
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    if (next.kind === 'global') {
      if (next.unknown === true || next === node) return pathOf(next)
      called ??= pathOf(next)
    }
    // What is called first, then its arguments.
    waiting.push(...childrenOf(next).filter(isObjectNode).reverse())
  }
  return called ?? 'REDUCE'
}

/** Whether anything in a value is only known by its steps, so that the value cannot be read. */
export function holdsOpaque(root: PickleNode): boolean {
  const seen = new Set<ObjectNode>()
  const waiting: PickleNode[] = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!isObjectNode(node) || node.kind === 'float') continue
    if (node.kind === 'opaque' || (node.kind === 'global' && node.unknown === true)) return true
    if (node.shared === true && seen.size === seen.add(node).size) continue
    for (const child of childrenOf(node)) waiting.push(child)
  }
  return false
}
