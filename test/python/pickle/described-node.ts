/** Nodes told in JSON, as python-fixtures/vectors/described.py tells Python's values. */
import { type ObjectNode, type PickleNode, pathOf } from '../../../src/python/pickle/pickle-node.ts'
import { encodeUtf8 } from '../../../src/python/pickle/utf8.ts'

export function describeNode(root: PickleNode): unknown {
  const ids = new Map<ObjectNode, number>()
  return told(root)

  function told(node: PickleNode): unknown {
    if (node === null || typeof node === 'boolean') return node
    if (typeof node === 'number' || typeof node === 'bigint') return { int: hex(BigInt(node)) }
    if (typeof node === 'string') return text(node)
    switch (node.kind) {
      case 'float':
        return { float: floatBits(node.value, node.bits) }
      case 'text':
        return { utf8: Buffer.from(node.utf8).toString('hex') }
      case 'bytes':
        return { bytes: Buffer.from(node.value).toString('hex') }
      case 'tuple':
        return { tuple: node.items.map(told) }
      case 'frozenset':
        return { frozenset: members(node.items) }
      case 'global':
        return { global: pathOf(node) }
      default:
        return shared(node)
    }
  }

  function shared(node: ObjectNode): unknown {
    const known = ids.get(node)
    if (known !== undefined) return { same: known }
    ids.set(node, ids.size + 1)
    const id = { id: ids.size }
    if (node.kind === 'list') return { ...id, list: node.items.map(told) }
    if (node.kind === 'set') return { ...id, set: members(node.items) }
    if (node.kind === 'bytearray') return { ...id, bytearray: Buffer.from(node.value).toString('hex') }
    if (node.kind === 'dict') return { ...id, dict: pairs(node.keys, node.values) }
    if (node.kind !== 'instance') throw new Error(`${node.kind} has no identity`)
    const { of, made, args, items, keys, values, state } = node
    return {
      ...id,
      of: pathOf(of),
      made,
      args: args.map(told),
      ...(items.length > 0 && { items: items.map(told) }),
      ...(keys.length > 0 && { entries: pairs(keys, values) }),
      ...(state !== undefined && { state: told(state) }),
    }
  }

  function pairs(keys: readonly PickleNode[], values: readonly PickleNode[]): unknown[] {
    return keys.map((key, index) => [told(key), told(values[index] ?? null)])
  }

  /** A set has no order; so that ids have none either, each member has its own. */
  function members(items: readonly PickleNode[]): unknown[] {
    return items
      .map((item) => describeNode(item))
      .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
  }
}

function text(value: string): unknown {
  return /^[\0-\x7f]*$/.test(value) ? { str: value } : { utf8: encodeUtf8(value).toString('hex') }
}

function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

function floatBits(value: number, bits: Uint8Array | undefined): string {
  if (bits !== undefined) return Buffer.from(bits).toString('hex')
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}

/** The JSON of a description without what Python says in more than one way: an instance's empty list of entries. */
export function comparable(described: unknown): unknown {
  if (Array.isArray(described)) return described.map(comparable)
  if (typeof described !== 'object' || described === null) return described
  const entries = Object.entries(described).filter(
    ([key, value]) => !((key === 'entries' || key === 'items') && Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(entries.map(([key, value]) => [key, comparable(value)]))
}
