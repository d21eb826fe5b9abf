/**
 * Reads a pickle into nodes. Mirrors CPython's `_pickle.loads` on what Python's own pickler writes; no class is looked
 * up and nothing is called. What is made by a class that is not known stays the steps in which Python makes it.
 *
 *     80 04            PROTO 4
 *     7d 94            EMPTY_DICT, MEMOIZE
 *     8c 01 61 94      SHORT_BINUNICODE "a", MEMOIZE
 *     4b 05            BININT1 5
 *     73 2e            SETITEM, STOP          – {"a": 5}
 */
import { PickleForbidden } from '../../errors.ts'
import { globalOf } from './allowed-globals.ts'
import { binaryFloat, notNegative, text } from './binary-arguments.ts'
import { ByteCursor } from './byte-cursor.ts'
import { decodeInt } from './int-bytes.ts'
import { opcodeOf } from './opcodes.ts'
import { malformed, overLimit, type PickleLimits } from './pickle-limits.ts'
import { PickleMachine } from './pickle-machine.ts'
import type { GlobalNode, PickleNode } from './pickle-node.ts'
import { instantiate, type KnownClasses, newObject, reduce } from './reduce.ts'
import { asciiText, floatLine, indexLine, intLine, longLine, stringLine, unicodeLine } from './text-arguments.ts'

const HIGHEST_PROTOCOL = 5
/** Bits per decimal digit, rounded up. */
const BITS_PER_DIGIT = 3.33

/** @throws PickleForbidden, SerializationError */
export function unpickle(bytes: Uint8Array, classes: KnownClasses, limits: Required<PickleLimits>): PickleNode {
  if (bytes.length > limits.bytes) throw overLimit('bytes')
  return run(new ByteCursor(bytes), new PickleMachine(limits), classes, limits)
}

function run(
  input: ByteCursor,
  machine: PickleMachine,
  classes: KnownClasses,
  limits: Required<PickleLimits>,
): PickleNode {
  let protocol = 0
  for (;;) {
    const code = input.uint8()
    switch (code) {
      case 0x28: // MARK
        machine.mark()
        break
      case 0x2e: // STOP
        return machine.pop()
      case 0x30: // POP
        machine.discard()
        break
      case 0x31: // POP_MARK
        machine.popMark()
        break
      case 0x32: // DUP
        machine.pushAgain(machine.top())
        break
      case 0x46: // FLOAT
        machine.push(floatLine(input.line()))
        break
      case 0x47: // BINFLOAT
        machine.push(binaryFloat(input))
        break
      case 0x49: // INT
        machine.push(intLine(input.line()))
        break
      case 0x4a: // BININT
        machine.push(input.int32())
        break
      case 0x4b: // BININT1
        machine.push(input.uint8())
        break
      case 0x4c: // LONG
        machine.push(longLine(input.line()))
        break
      case 0x4d: // BININT2
        machine.push(input.uint16())
        break
      case 0x8a: // LONG1
        machine.push(binaryInt(input.uint8()))
        break
      case 0x8b: // LONG4
        machine.push(binaryInt(input.int32()))
        break
      case 0x4e: // NONE
        machine.push(null)
        break
      case 0x88: // NEWTRUE
        machine.push(true)
        break
      case 0x89: // NEWFALSE
        machine.push(false)
        break
      case 0x53: // STRING
        machine.push(stringLine(input.line()))
        break
      case 0x54: // BINSTRING
        machine.push(asciiText(input.take(notNegative(input.int32()))))
        break
      case 0x55: // SHORT_BINSTRING
        machine.push(asciiText(input.take(input.uint8())))
        break
      case 0x56: // UNICODE
        machine.push(unicodeLine(input.line()))
        break
      case 0x8c: // SHORT_BINUNICODE
        machine.push(input.text(input.uint8()))
        break
      case 0x58: // BINUNICODE
        machine.push(input.text(input.uint32()))
        break
      case 0x8d: // BINUNICODE8
        machine.push(input.text(input.uint64()))
        break
      case 0x43: // SHORT_BINBYTES
        machine.push({ kind: 'bytes', value: Uint8Array.from(input.take(input.uint8())) })
        break
      case 0x42: // BINBYTES
        machine.push({ kind: 'bytes', value: Uint8Array.from(input.take(input.uint32())) })
        break
      case 0x8e: // BINBYTES8
        machine.push({ kind: 'bytes', value: Uint8Array.from(input.take(input.uint64())) })
        break
      case 0x96: // BYTEARRAY8
        machine.push({ kind: 'bytearray', value: Uint8Array.from(input.take(input.uint64())) })
        break
      case 0x5d: // EMPTY_LIST
        machine.push({ kind: 'list', items: [], shared: false })
        break
      case 0x6c: // LIST
        machine.push({ kind: 'list', items: machine.popMark(), shared: false })
        break
      case 0x61: // APPEND
        machine.append(1)
        break
      case 0x65: // APPENDS
        machine.append()
        break
      case 0x29: // EMPTY_TUPLE
        machine.push({ kind: 'tuple', items: [], shared: false })
        break
      case 0x74: // TUPLE
        machine.push({ kind: 'tuple', items: machine.popMark(), shared: false })
        break
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        machine.push({ kind: 'tuple', items: machine.popLast(code - 0x84), shared: false })
        break
      case 0x7d: // EMPTY_DICT
        machine.push({ kind: 'dict', keys: [], values: [], shared: false })
        break
      case 0x64: // DICT
        machine.push(machine.popDict())
        break
      case 0x73: // SETITEM
        machine.setItems(2)
        break
      case 0x75: // SETITEMS
        machine.setItems()
        break
      case 0x8f: // EMPTY_SET
        machine.push({ kind: 'set', items: [], shared: false })
        break
      case 0x90: // ADDITEMS
        machine.addItems()
        break
      case 0x91: // FROZENSET
        machine.push({ kind: 'frozenset', items: machine.popMark(), shared: false })
        break
      case 0x67: // GET
        machine.get(indexLine(input.line()))
        break
      case 0x68: // BINGET
        machine.get(input.uint8())
        break
      case 0x6a: // LONG_BINGET
        machine.get(input.uint32())
        break
      case 0x70: // PUT
        machine.put(indexLine(input.line()))
        break
      case 0x71: // BINPUT
        machine.put(input.uint8())
        break
      case 0x72: // LONG_BINPUT
        machine.put(input.uint32())
        break
      case 0x94: // MEMOIZE
        machine.memoize()
        break
      case 0x63: // GLOBAL
        machine.push(globalLines())
        break
      case 0x93: {
        // STACK_GLOBAL
        const name = machine.pop()
        machine.push(listed(machine.pop(), name))
        break
      }
      case 0x52: {
        // REDUCE
        const args = machine.pop()
        machine.pushMade(reduce(machine.pop(), args, classes))
        break
      }
      case 0x69: {
        // INST
        const of = globalLines()
        machine.pushMade(instantiate(of, machine.popMark(), classes))
        break
      }
      case 0x6f: {
        // OBJ
        const [of = null, ...items] = machine.popMark()
        machine.pushMade(instantiate(of, items, classes))
        break
      }
      case 0x81: {
        // NEWOBJ
        const args = machine.pop()
        machine.pushMade(newObject(machine.pop(), args, null, classes))
        break
      }
      case 0x92: {
        // NEWOBJ_EX
        const kwargs = machine.pop()
        const args = machine.pop()
        machine.pushMade(newObject(machine.pop(), args, kwargs, classes))
        break
      }
      case 0x62: // BUILD
        machine.build()
        break
      case 0x80: // PROTO
        protocol = input.uint8()
        if (protocol > HIGHEST_PROTOCOL) throw malformed('its protocol is not known')
        break
      case 0x95: // FRAME
        if (input.uint64() > input.left) throw malformed('it ends early')
        break
      default:
        throw refusal(code)
    }
  }

  function binaryInt(length: number): number | bigint {
    if (length * 8 > limits.digits * BITS_PER_DIGIT) throw overLimit('digits')
    return decodeInt(input.take(notNegative(length)))
  }

  function globalLines(): GlobalNode {
    const module = text(input.line())
    return listed(module, text(input.line()))
  }

  function listed(module: PickleNode, name: PickleNode): GlobalNode {
    if (typeof module !== 'string' || typeof name !== 'string') throw malformed('a name is no text')
    const isListed = (path: string): boolean => classes.has(path) || classes.isArgument(path)
    return globalOf(module, name, { protocol, isListed })
  }
}

function refusal(code: number): Error {
  const opcode = opcodeOf(code)
  return opcode === undefined ? malformed('a byte is no opcode') : new PickleForbidden(opcode.name)
}
