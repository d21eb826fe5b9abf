/**
 * Writes nodes as a pickle that any Python 3 of the protocol reads as equal in value, type, order and sharing. It holds
 * classes of the reader's own list and nothing else, and no frames, which no reader needs.
 *
 *     80 04 7d 8c 01 61 4b 05 73 2e    PROTO 4, EMPTY_DICT, SHORT_BINUNICODE "a", BININT1 5, SETITEM, STOP – {"a": 5}
 */
import { SerializationError } from '../../errors.ts'
import { OpcodeSink } from './opcode-sink.ts'
import { PickleMemo } from './pickle-memo.ts'
import type { DictNode, FloatNode, GlobalNode, InstanceNode, ObjectNode, PickleNode } from './pickle-node.ts'

/** 4 came with Python 3.4, 5 with 3.8. */
export type PickleProtocol = 2 | 3 | 4 | 5

/** @throws SerializationError for what protocols below 4 cannot say: keyword arguments, a class inside a class */
export function pickle(root: PickleNode, protocol: PickleProtocol = 4): Buffer {
  const out = new OpcodeSink(protocol)
  const memo = new PickleMemo(root)
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
    if (node.kind === 'text') out.utf8(node.utf8)
    if (node.kind === 'bytes') out.octets(node.value)
    if (node.kind === 'bytearray') out.byteArray(node.value)
    if (node.kind === 'global') saveGlobal(node)
    if (node.kind === 'tuple') saveTuple(node.items)
    if (node.kind === 'set' || node.kind === 'frozenset') saveSet(node.kind, node.items)
    if (node.kind === 'list') out.byte(0x5d)
    if (node.kind === 'dict') out.byte(0x7d)
    if (node.kind === 'instance') saveCall(node)
    memoize(node)
    // What is filled once it is there.
    if (node.kind === 'list') append(node.items)
    if (node.kind === 'dict') setItems(node)
    if (node.kind === 'instance') fill(node)
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

  function saveGlobal({ module, name }: GlobalNode): void {
    const [of = '', method, ...more] = name.split('.')
    if (protocol >= 4) {
      save(module)
      save(name)
      out.byte(0x93)
    } else if (method === undefined) {
      out.global(module, name)
    } else if (more.length > 0) {
      throw new SerializationError(`Protocol ${protocol} cannot name a class inside a class; 4 can.`)
    } else {
      out.global('builtins', 'getattr')
      out.global(module, of)
      save(method)
      out.byte(0x86, 0x52)
    }
  }

  function saveCall(node: InstanceNode): void {
    save(node.of)
    saveTuple(node.args)
    if (node.kwargs === undefined) out.byte(node.made === 'reduce' ? 0x52 : 0x81)
    else if (protocol < 4) throw new SerializationError(`Protocol ${protocol} has no keyword arguments; 4 has.`)
    else {
      save(node.kwargs)
      out.byte(0x92)
    }
  }

  function fill(node: InstanceNode): void {
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
