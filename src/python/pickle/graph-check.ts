/**
 * What is checked once a pickle is read: that no value contains itself, how deep values are nested, how many there are
 * when each is counted wherever it stands.
 *
 * Sharing makes a few bytes stand for any number of values (`a = [b, b]`, `b = [c, c]` …), which everything that walks
 * them would pay for; a value inside itself would never end. What is made by a class that is not known may contain itself:
 * it is only ever written.
 */
import { areDistinct, areTexts, KeyIds, withoutRepeatedItems, withoutRepeats } from './hash-key.ts'
import { malformed, overLimit, type PickleLimits } from './pickle-limits.ts'
import {
  childrenOf,
  type DictNode,
  type InstanceNode,
  isObjectNode,
  type ObjectNode,
  type OpaqueNode,
  type PickleNode,
  type SequenceNode,
} from './pickle-node.ts'

/** What is below a node that stands in several places. */
interface Measure {
  readonly height: number
  readonly elements: number
}

/** Deeper, calls within calls would not be safe, whatever limit was asked for. */
const DEEPEST = 2000

/**
 * Also drops what a later, equal key of a dict or set replaces.
 * @returns the outermost nodes that may turn out not to be readable as values: instances, and what has keys that are no
 * text
 * @throws SerializationError
 */
export function checkGraph(root: PickleNode, limits: Required<PickleLimits>): ObjectNode[] {
  const doubtful: ObjectNode[] = []
  const deepest = Math.min(limits.depth, DEEPEST)
  // What the memo gave twice is looked at once; only that can contain itself.
  let measures: Map<ObjectNode, Measure | number> | undefined
  /** Of the objects that are being visited, how many are of classes that are not known. */
  let openOpaques = 0
  let elements = 0
  let ids: KeyIds | undefined
  /** Whether what is being visited is inside of a doubtful node. */
  let isInDoubt = false
  /** Of the last usual dict: the rows of a list have the same, from the memo. */
  let usualKeys: readonly PickleNode[] = []
  if (isObjectNode(root)) visit(root, 1)
  return doubtful

  /** @returns how many levels there are from here on */
  function visit(node: ObjectNode, depth: number): number {
    if (!isContainer(node)) return 0
    if (node.shared) return visitShared(node, depth)
    if (depth > deepest) throw overLimit('depth')
    return 1 + visitInside(node, depth)
  }

  function visitShared(node: ContainerNode, depth: number): number {
    measures ??= new Map()
    const known = measures.get(node)
    if (typeof known === 'number') return visitAgain(known)
    if (depth + (known?.height ?? 1) - 1 > deepest) throw overLimit('depth')
    if (known !== undefined) {
      count(known.elements)
      return known.height
    }
    measures.set(node, openOpaques)
    const before = elements
    const height = 1 + visitInside(node, depth)
    measures.set(node, { height, elements: elements - before })
    return height
  }

  /** An object that is being visited; @param before how many opaque ones were outside of it */
  function visitAgain(before: number): number {
    if (openOpaques === before) throw malformed('a value contains itself')
    return 0
  }

  function visitInside(node: ContainerNode, depth: number): number {
    switch (node.kind) {
      case 'opaque':
        return visitOpaque(node, depth)
      case 'list':
      case 'tuple':
        return visitAll(node.items, depth)
      case 'dict':
        if (isUsual(node.keys)) {
          count(node.keys.length)
          return visitAll(node.values, depth)
        }
        return visitWithKeys(node, depth)
      default:
        return visitWithKeys(node, depth)
    }
  }

  /** What of it a codec would refuse is refused; beyond it nothing is read. */
  function visitOpaque(node: OpaqueNode, depth: number): number {
    const wasInDoubt = isInDoubt
    isInDoubt = false
    openOpaques++
    const height = visitAll(childrenOf(node), depth)
    openOpaques--
    isInDoubt = wasInDoubt
    return height
  }

  /** Keys are compared once all inside of them was found to be within the limits. */
  function visitWithKeys(node: Exclude<ContainerNode, OpaqueNode>, depth: number): number {
    const wasInDoubt = isInDoubt
    isInDoubt ||= node.kind !== 'dict' || !areTexts(node.keys)
    if (isInDoubt && !wasInDoubt) doubtful.push(node)
    const height = visitAll(childrenOf(node), depth)
    ids ??= new KeyIds()
    if (node.kind === 'dict' || node.kind === 'instance') withoutRepeats(node, ids)
    else withoutRepeatedItems(node, ids)
    isInDoubt = wasInDoubt
    return height
  }

  /** Whether keys are texts and none comes twice. */
  function isUsual(keys: readonly PickleNode[]): boolean {
    if (keys === usualKeys || areIdentical(keys, usualKeys)) return true
    if (!areTexts(keys) || !areDistinct(keys)) return false
    usualKeys = keys
    return true
  }

  function visitAll(nodes: readonly PickleNode[], depth: number): number {
    let height = 0
    count(nodes.length)
    for (const node of nodes) {
      if (!isObjectNode(node)) continue
      const below = visit(node, depth + 1)
      if (below > height) height = below
    }
    return height
  }

  function count(more: number): void {
    elements += more
    if (elements > limits.elements) throw overLimit('elements')
  }
}

type ContainerNode = SequenceNode | DictNode | InstanceNode | OpaqueNode

function isContainer(node: ObjectNode): node is ContainerNode {
  return (
    node.kind !== 'float' &&
    node.kind !== 'text' &&
    node.kind !== 'bytes' &&
    node.kind !== 'bytearray' &&
    node.kind !== 'global'
  )
}

function areIdentical(left: readonly PickleNode[], right: readonly PickleNode[]): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
