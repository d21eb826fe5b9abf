/**
 * Memcached's text protocol: one question, and the bytes of its answer.
 *
 *     gets :1:django.contrib.sessions.cachekey\r\n
 *     VALUE :1:django.contrib.sessions.cachekey 1 22 1742\r\n
 *     <22 bytes>\r\n
 *     END\r\n
 *
 * @see https://github.com/memcached/memcached/blob/master/doc/protocol.txt
 */

/** An item as `gets` answers it. */
export interface FoundValue {
  readonly flags: number
  /** Differs after every write; what `cas` compares with. */
  readonly token: string
  readonly bytes: Buffer
}

/** `STORED`, `END` and the like: a line of its own; or one value. */
export type Answer = string | FoundValue

export const VERSION_COMMAND: Buffer = Buffer.from('version\r\n')

export function getsCommand(key: string): Buffer {
  return Buffer.from(`gets ${key}\r\n`)
}

export function deleteCommand(key: string): Buffer {
  return Buffer.from(`delete ${key}\r\n`)
}

export interface StoredBytes {
  readonly flags: number
  /** As Memcached has it: seconds from now, a time from 30 days on, or less than zero. */
  readonly exptime: number
  readonly bytes: Uint8Array
}

export function addCommand(key: string, { flags, exptime, bytes }: StoredBytes): Buffer {
  return withBlock(`add ${key} ${flags} ${exptime} ${bytes.length}`, bytes)
}

export function casCommand(key: string, { flags, exptime, bytes }: StoredBytes, token: string): Buffer {
  return withBlock(`cas ${key} ${flags} ${exptime} ${bytes.length} ${token}`, bytes)
}

function withBlock(line: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${line}\r\n`), bytes, END_OF_LINE])
}

const END_OF_LINE = Buffer.from('\r\n')
const END_OF_VALUE = Buffer.from('\r\nEND\r\n')
/** The key of a value, and what stands beside it. */
const MOST_LINE_BYTES = 2048
/** More than any server is set up for; what claims to be longer is no answer. */
const MOST_VALUE_BYTES = 1 << 27

/** What came is no answer to the question that was sent; the connection is of no more use. */
export class NoAnswer extends Error {}

/** Puts the pieces of one answer together. */
export class AnswerReader {
  readonly #key: string | null
  #pieces: Buffer[] = []
  #length = 0
  #wanted = 0

  /** @param key what a value must be found under */
  constructor(key: string | null) {
    this.#key = key
  }

  /** The answer once it is whole, else null. @throws NoAnswer */
  take(piece: Buffer): Answer | null {
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length < this.#wanted) return null
    const bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces)
    this.#pieces = [bytes]
    const end = bytes.subarray(0, MOST_LINE_BYTES).indexOf(END_OF_LINE)
    if (end < 0 && bytes.length < MOST_LINE_BYTES) return null
    if (end < 0) throw new NoAnswer('a line without an end')
    const line = bytes.toString('latin1', 0, end)
    return line.startsWith('VALUE ') ? this.#value(bytes, end + END_OF_LINE.length) : whole(bytes, line, end)
  }

  #value(bytes: Buffer, start: number): FoundValue | null {
    const { key, flags, length, token } = headerOf(bytes.toString('utf8', 0, start))
    if (key !== this.#key) throw new NoAnswer('a value under another key')
    this.#wanted = start + length + END_OF_VALUE.length
    if (bytes.length < this.#wanted) return null
    if (!bytes.subarray(start + length).equals(END_OF_VALUE)) throw new NoAnswer('a value without its end')
    return { flags, token, bytes: bytes.subarray(start, start + length) }
  }
}

function whole(bytes: Buffer, line: string, end: number): string {
  if (bytes.length > end + END_OF_LINE.length) throw new NoAnswer('more than one answer')
  return line
}

const HEADER = /^VALUE ([^ ]+) (\d{1,10}) (\d{1,10}) (\d{1,20})\r\n$/

function headerOf(line: string): { key: string; flags: number; length: number; token: string } {
  const [, key, flags, length, token] = HEADER.exec(line) ?? []
  if (key === undefined || token === undefined) throw new NoAnswer('a malformed value')
  if (Number(length) > MOST_VALUE_BYTES) throw new NoAnswer('a value too long')
  return { key, flags: Number(flags), length: Number(length), token }
}
