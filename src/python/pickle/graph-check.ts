/**
 * What is checked once a pickle is read: that no value contains itself, how deep values are nested, how many there are
 * when each is counted wherever it stands, and that classes stand only where a class makes something of them.
 *
 * Sharing makes a few bytes stand for any number of values (`a = [b, b]`, `b = [c, c]` …), which everything that walks
 * them would pay for; a value inside itself would never end.
 */
import { PickleForbidden } from '../../errors.ts'
import { withoutRepeatedItems, withoutRepeats } from './hash-key.ts'
import { malformed, overLimit, type PickleLimits } from './pickle-limits.ts'
import { childrenOf, isObjectNode, type ObjectNode, type PickleNode, pathOf } from './pickle-node.ts'

interface Measure {
  readonly depth: number
  readonly elements: number
}

interface Visit {
  readonly node: ObjectNode
  readonly children: readonly PickleNode[]
  next: number
}

/**
 * Also drops what a later, equal key of a dict or set replaces.
 * @returns the nodes that may turn out not to be readable as values: instances, and what has keys that are no text
 * @throws SerializationError
 */
export function checkGraph(root: PickleNode, limits: Required<PickleLimits>): ObjectNode[] {
  const doubtful: ObjectNode[] = []
  if (!isObjectNode(root)) return doubtful
  const measures = new Map<ObjectNode, Measure | 'open'>()
  // A stack of its own: values may be nested deeper than calls.
  const way: Visit[] = [enter(root)]
  if (root.kind === 'global') throw new PickleForbidden(pathOf(root))
  while (way.length > 0) {
    const visit = way[way.length - 1] as Visit
    const child = visit.children[visit.next++]
    if (child === undefined) {
      measures.set(visit.node, measure(visit.node, visit.children))
      way.pop()
      continue
    }
    if (!isObjectNode(child)) continue
    const known = measures.get(child)
    if (known === 'open') throw malformed('a value contains itself')
    if (child.kind === 'global' && visit.node.kind !== 'instance') throw new PickleForbidden(pathOf(child))
    if (known === undefined) way.push(enter(child))
  }
  return doubtful

  function enter(node: ObjectNode): Visit {
    measures.set(node, 'open')
    if (node.kind === 'dict' || node.kind === 'instance') withoutRepeats(node)
    if (node.kind === 'set' || node.kind === 'frozenset') withoutRepeatedItems(node)
    if (isDoubtful(node)) doubtful.push(node)
    return { node, children: childrenOf(node), next: 0 }
  }

  function measure(node: ObjectNode, children: readonly PickleNode[]): Measure {
    let depth = 0
    let elements = 1 + children.length
    for (const child of children) {
      if (!isObjectNode(child)) continue
      const inside = measures.get(child)
      if (inside === undefined || inside === 'open') continue
      depth = Math.max(depth, inside.depth)
      elements += inside.elements - 1
    }
    if (depth >= limits.depth) throw overLimit('depth')
    if (elements > limits.elements) throw overLimit('elements')
    const isContainer = children.length > 0 || node.kind === 'list' || node.kind === 'dict'
    return { depth: isContainer ? depth + 1 : depth, elements }
  }
}

function isDoubtful(node: ObjectNode): boolean {
  if (node.kind === 'dict') return node.keys.some((key) => typeof key !== 'string')
  return node.kind === 'instance' || node.kind === 'set' || node.kind === 'frozenset'
}
