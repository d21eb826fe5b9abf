/**
 * Writes nodes as a pickle that any Python 3 of the protocol reads as equal in value, type, order and sharing. It holds
 * classes of the reader's own list, beside those that came with the same stored value, and no frames, which no reader
 * needs.
 *
 *     80 04 7d 8c 01 61 4b 05 73 2e    PROTO 4, EMPTY_DICT, SHORT_BINUNICODE "a", BININT1 5, SETITEM, STOP – {"a": 5}
 */
import { named, SerializationError } from '../../errors.ts'
import { currentName } from './former-names.ts'
import { OpcodeSink } from './opcode-sink.ts'
import { overLimit } from './pickle-limits.ts'
import { DEEPEST_WRITTEN, PickleMemo } from './pickle-memo.ts'
import type {
  DictNode,
  FloatNode,
  GlobalNode,
  InstanceNode,
  ObjectNode,
  OpaqueNode,
  PickleNode,
} from './pickle-node.ts'
import { pathOf } from './pickle-node.ts'

/** 4 came with Python 3.4, 5 with 3.8. */
export type PickleProtocol = 2 | 3 | 4 | 5

/** @throws SerializationError for what protocols below 4 cannot say: keyword arguments, a class inside a class */
export function pickle(root: PickleNode, protocol: PickleProtocol = 4): Buffer {
  const out = new OpcodeSink(protocol)
  const memo = new PickleMemo(root)
  let depth = 0
  save(root)
  out.byte(0x2e)
  return out.finished()

  function save(node: PickleNode): void {
    if (node === null) out.byte(0x4e)
    else if (typeof node === 'boolean') out.byte(node ? 0x88 : 0x89)
    else if (typeof node === 'number' || typeof node === 'bigint') out.int(node)
    else if (typeof node !== 'string' && node.kind === 'float') out.float(node)
    else saveOnce(node)
  }

  function saveOnce(node: string | Exclude<ObjectNode, FloatNode>): void {
    const place = memo.placeOf(node)
    if (place !== undefined) out.get(place)
    else if (typeof node !== 'string') saveObject(node)
    else {
      out.text(node)
      memoize(node)
    }
  }

  function saveObject(node: Exclude<ObjectNode, FloatNode>): void {
    if (++depth > DEEPEST_WRITTEN) throw overLimit('depth')
    saveMade(node)
    const place = memo.placeOf(node)
    if (place === undefined) {
      memoize(node)
      fill(node)
    } else {
      // What it is made of contains it, and made it on the way: that one counts, as in Python's own pickler.
      out.byte(0x30)
      out.get(place)
    }
    depth--
  }

  /** What there is before it is filled. */
  function saveMade(node: Exclude<ObjectNode, FloatNode>): void {
    if (node.kind === 'text') out.utf8(node.utf8)
    if (node.kind === 'bytes') out.octets(node.value)
    if (node.kind === 'bytearray') out.byteArray(node.value)
    if (node.kind === 'global') saveGlobal(node)
    if (node.kind === 'tuple') saveTuple(node.items)
    if (node.kind === 'set' || node.kind === 'frozenset') saveSet(node.kind, node.items)
    if (node.kind === 'list') out.byte(0x5d)
    if (node.kind === 'dict') out.byte(0x7d)
    if (node.kind === 'instance') saveCall(node)
    if (node.kind === 'opaque') saveOpaqueCall(node)
  }

  /** What is put into it once it is there. */
  function fill(node: Exclude<ObjectNode, FloatNode>): void {
    if (node.kind === 'list') append(node.items)
    if (node.kind === 'dict') setItems(node)
    if (node.kind === 'instance') fillInstance(node)
    if (node.kind === 'opaque') fillOpaque(node)
  }

  function saveTuple(items: readonly PickleNode[]): void {
    if (items.length > 3) saveMarked(items, 0x74)
    else if (items.length === 0) out.byte(0x29)
    else {
      for (const item of items) save(item)
      out.byte(0x84 + items.length)
    }
  }

  function saveSet(kind: 'set' | 'frozenset', items: readonly PickleNode[]): void {
    if (protocol < 4) {
      out.global('builtins', kind)
      out.byte(0x5d)
      append(items)
      out.byte(0x85, 0x52)
    } else if (kind === 'frozenset') {
      saveMarked(items, 0x91)
    } else {
      out.byte(0x8f)
      if (items.length > 0) saveMarked(items, 0x90)
    }
  }

  function saveMarked(items: readonly PickleNode[], opcode: number): void {
    out.byte(0x28)
    for (const item of items) save(item)
    out.byte(opcode)
  }

  function append(items: readonly PickleNode[]): void {
    if (items.length > 1) saveMarked(items, 0x65)
    for (const item of items.length === 1 ? items : []) {
      save(item)
      out.byte(0x61)
    }
  }

  function setItems({ keys, values }: Pick<DictNode, 'keys' | 'values'>): void {
    if (keys.length > 1) out.byte(0x28)
    for (let index = 0; index < keys.length; index++) {
      save(keys[index] ?? null)
      save(values[index] ?? null)
    }
    if (keys.length > 0) out.byte(keys.length > 1 ? 0x75 : 0x73)
  }

  function saveGlobal(global: GlobalNode): void {
    const { module, name } = global
    if (protocol >= 4) {
      save(module)
      save(name)
      out.byte(0x93)
      return
    }
    const end = name.lastIndexOf('.')
    if (end < 0) {
      checkName(global)
      out.global(module, name)
      return
    }
    out.global('builtins', 'getattr')
    saveGlobal({ kind: 'global', module, name: name.slice(0, end) })
    save(name.slice(end + 1))
    out.byte(0x86, 0x52)
  }

  /** Below protocol 3 Python takes some names for those of Python 2. */
  function checkName(global: GlobalNode): void {
    const current = currentName(global)
    if (protocol >= 3 || (current.module === global.module && current.name === global.name)) return
    throw new SerializationError(`Protocol ${protocol} cannot name ${named(pathOf(global))}; 3 can.`)
  }

  function saveCall(node: InstanceNode): void {
    save(node.of)
    saveTuple(node.args)
    if (node.kwargs === undefined) out.byte(node.made === 'reduce' ? 0x52 : 0x81)
    else saveKeywords(node.kwargs)
  }

  function saveOpaqueCall({ made, of, args, kwargs }: OpaqueNode): void {
    if (made === 'obj') {
      out.byte(0x28)
      for (const part of [of, ...args.items]) save(part)
      out.byte(0x6f)
      return
    }
    save(of)
    save(args)
    if (kwargs === undefined) out.byte(made === 'reduce' ? 0x52 : 0x81)
    else saveKeywords(kwargs)
  }

  function saveKeywords(kwargs: PickleNode): void {
    if (protocol < 4) throw new SerializationError(`Protocol ${protocol} has no keyword arguments; 4 has.`)
    save(kwargs)
    out.byte(0x92)
  }

  function fillOpaque({ fills }: OpaqueNode): void {
    for (const { opcode, isMarked, nodes } of fills) {
      if (isMarked) out.byte(0x28)
      for (const node of nodes) save(node)
      out.byte(opcode)
    }
  }

  function fillInstance(node: InstanceNode): void {
    append(node.items)
    setItems(node)
    if (node.state === undefined) return
    save(node.state)
    out.byte(0x62)
  }

  function memoize(node: PickleNode): void {
    const place = memo.newPlace(node)
    if (place !== undefined) out.put(place)
  }
}
