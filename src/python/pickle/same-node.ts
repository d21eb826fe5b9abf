/** Whether two nodes are equal in type, value and order, all the way down. */
import type { InstanceNode, PickleNode } from './pickle-node.ts'

export function isSameNode(left: PickleNode, right: PickleNode): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  switch (left.kind) {
    case 'float':
      return right.kind === 'float' && Object.is(left.value, right.value) && isSameBytes(left.bits, right.bits)
    case 'text':
      return right.kind === 'text' && isSameBytes(left.utf8, right.utf8)
    case 'bytes':
    case 'bytearray':
      return right.kind === left.kind && isSameBytes(left.value, right.value)
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return right.kind === left.kind && areSame(left.items, right.items)
    case 'dict':
      return right.kind === 'dict' && areSame(left.keys, right.keys) && areSame(left.values, right.values)
    case 'global':
      return right.kind === 'global' && left.module === right.module && left.name === right.name
    case 'instance':
      return right.kind === 'instance' && isSameInstance(left, right)
    case 'opaque':
      return false
  }
}

function isSameInstance(left: InstanceNode, right: InstanceNode): boolean {
  return (
    left.made === right.made &&
    isSameNode(left.of, right.of) &&
    areSame(left.args, right.args) &&
    isSameNode(left.kwargs ?? null, right.kwargs ?? null) &&
    areSame(left.items, right.items) &&
    areSame(left.keys, right.keys) &&
    areSame(left.values, right.values) &&
    (left.state === undefined || right.state === undefined
      ? left.state === right.state
      : isSameNode(left.state, right.state))
  )
}

function areSame(left: readonly PickleNode[], right: readonly PickleNode[]): boolean {
  return left.length === right.length && left.every((node, index) => isSameNode(node, right[index] ?? null))
}

function isSameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return Buffer.from(left ?? []).equals(Buffer.from(right ?? []))
}
