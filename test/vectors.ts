/** The golden vectors: what real Django of exact versions answered. See test/vectors/README.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'vectors')

export const DJANGO_VERSIONS = ['5.2', '6.1'] as const
/** What these decide otherwise than the newer ones: test/older-djangos.vectors.test.ts. */
export const OLDER_DJANGO_VERSIONS = ['2.2', '3.2', '4.2'] as const

export interface VectorRecord {
  readonly name: string
  readonly kind: string
  readonly why?: string
}

export interface VectorFile<R> {
  readonly django: string
  readonly records: readonly R[]
}

export function vectorFile<F extends VectorFile<VectorRecord>>(topic: string, version: string): F {
  return JSON.parse(readFileSync(join(FOLDER, `django-${version}`, `${topic}.json`), 'utf8')) as F
}

/** The records of one kind; none would make a test that cannot fail. */
export function vectors<R extends VectorRecord>(topic: string, version: string, kind: R['kind']): R[] {
  const records = vectorFile(topic, version).records.filter((record) => record.kind === kind)
  if (records.length === 0) throw new Error(`no vectors of kind ${kind} in ${topic} of Django ${version}`)
  return records as R[]
}

/** The bytes or text of one of the keys in test/vectors/keys. */
export function keyFile(name: string): string {
  return join(FOLDER, 'keys', name)
}

/** What a call gave: its value, or that it threw. */
export function outcome<T>(call: () => T): { value: T } | { error: unknown } {
  try {
    return { value: call() }
  } catch (error) {
    return { error }
  }
}

/** Text that may be given as `{ before, repeat, times, after }`. */
export type LongText = string | { before: string; repeat: string; times: number; after: string }

export function longText(text: LongText): string {
  return typeof text === 'string' ? text : text.before + text.repeat.repeat(text.times) + text.after
}

/** Bytes given as hexadecimal digits, or text. */
export function bytesOrText(value: string | { hex: string }): string | Uint8Array {
  return typeof value === 'string' ? value : Buffer.from(value.hex, 'hex')
}
