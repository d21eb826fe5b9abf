/** Values on the line between Python and the server. @see python-fixtures/django_suite/link.py */
import { type Duration, PyFloat } from '../../src/python/index.ts'

/** Python's refusal of an operation; `kind` is the exception's name there. */
export class Refusal extends Error {
  readonly kind: string
  readonly value: unknown

  constructor(kind: string, message: string, value: unknown = null) {
    super(message)
    this.kind = kind
    this.value = value
  }
}

interface Tagged {
  readonly $: string
  readonly v: unknown
}

/** What Python sent: floats as numbers, dictionaries as plain objects, moments as Date, timedeltas as Duration. */
export function fromPython(sent: unknown): unknown {
  if (Array.isArray(sent)) return sent.map(fromPython)
  if (typeof sent !== 'object' || sent === null) return sent
  const { $: kind, v: value } = sent as Tagged
  switch (kind) {
    case 'int':
      return BigInt(String(value))
    case 'float':
      return Number(value)
    case 'bytes':
      return new Uint8Array(Buffer.from(String(value), 'base64'))
    case 'dict':
      return Object.fromEntries((value as [string, unknown][]).map(([key, item]) => [key, fromPython(item)]))
    case 'datetime':
      return new Date(String(value))
    case 'timedelta':
      return { seconds: Number(value) } satisfies Duration
    default:
      throw new Error(`No value of kind ${kind} is known.`)
  }
}

export function toPython(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return { $: 'int', v: String(value) }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : { $: 'float', v: String(value) }
  if (typeof value !== 'object') return value
  if (value instanceof PyFloat) return { $: 'float', v: String(value.value) }
  if (value instanceof Date) return { $: 'datetime', v: value.toISOString() }
  if (value instanceof Uint8Array) return { $: 'bytes', v: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(toPython)
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return { $: 'dict', v: entries.map(([key, item]) => [key, toPython(item)]) }
}
