/** Small pickles that stand for much, and large ones. */
import { deflateSync } from 'node:zlib'

export interface Bomb {
  readonly name: string
  readonly pickle: () => Buffer
  /** What the error says. */
  readonly refusedFor: string
}

const bytes = (...parts: readonly (string | readonly number[] | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))
const repeat = (part: string, times: number): Buffer => Buffer.alloc(part.length * times, part, 'latin1')

function uint32(value: number): Buffer {
  const four = Buffer.alloc(4)
  four.writeUInt32LE(value)
  return four
}

/** LONG4 of so many bytes. */
const int = (length: number): Buffer => bytes('\x8b', uint32(length), Buffer.alloc(length, 0x55), '.')

/** BINUNICODE of a million characters. */
const longText = bytes('X', uint32(1_000_000), repeat('1', 1_000_000))

/** A list of ten lists of ten lists …: `levels` of them, each written once. */
const laughs = (levels: number): Buffer =>
  bytes(
    [0x80, 4],
    ']\x94',
    ...Array.from({ length: levels }, (_, level) => bytes(']\x94(', repeat(`h${String.fromCharCode(level)}`, 10), 'e')),
    '.',
  )

/** Ints of nine bytes that all end in the same eight. */
const alike = (count: number): Buffer =>
  bytes(
    ...Array.from({ length: count }, (_, index) => bytes('\x8a\x0b\x01\0\0\0\0\0\0\0', [index, index >> 8, 1], 'N')),
  )

const BOMBS: readonly (readonly [name: string, pickle: () => Buffer, refusedFor: string])[] = [
  ['a list that contains itself', () => bytes(']\x94h\x00a.'), 'contains itself'],
  ['a dict that contains itself', () => bytes('}\x94K\x01h\x00s.'), 'contains itself'],
  [
    'a list that contains itself, in an object that only Python can make',
    () => bytes('cx\nY\n]\x94h\x00a\x85R.'),
    'contains itself',
  ],
  [
    'lists of lists, each written once, in such an object',
    () => bytes('cx\nY\n', laughs(12).subarray(2, -1), '\x85R.'),
    'elements',
  ],
  ['a million such objects', () => bytes('cx\nY\n\x94](', repeat('h\x00)R', 1_000_000), 'e.'), 'elements'],
  ['such objects nested 501 deep', () => bytes(repeat('cx\nY\n', 501), ')', repeat('\x85R', 501), '.'), 'depth'],
  ['states of such an object, again and again', () => bytes('cx\nY\n)R', repeat('}b', 300_000), '.'), 'elements'],
  ['a list inside a tuple inside itself', () => bytes(']\x94h\x00\x85a.'), 'contains itself'],
  [
    'an OrderedDict that contains itself',
    () => bytes('ccollections\nOrderedDict\n)R\x94K\x01h\x00s.'),
    'contains itself',
  ],
  ['lists of lists, each written once', () => laughs(12), 'elements'],
  ['pairs of pairs, by DUP', () => bytes(']', repeat('2\x86', 60), '.'), 'elements'],
  ['pairs of pairs as a key', () => bytes('}U\x01a', repeat('2\x86', 60), 'Ns.'), 'elements'],
  ['pairs of pairs in a set', () => bytes([0x80, 4], '\x8f(U\x01a', repeat('2\x86', 60), '\x90.'), 'elements'],
  ['a million marks', () => repeat('(', 1_000_000), 'elements'],
  ['a million Nones, dropped one by one', () => bytes(repeat('N0', 1_000_000), 'N.'), 'elements'],
  ['lists nested 501 deep', () => bytes(repeat(']', 501), repeat('a', 500), '.'), 'depth'],
  ['tuples nested 100,000 deep', () => bytes(')', repeat('\x85', 100_000), '.'), 'depth'],
  ['a key nested 100,000 deep', () => bytes('})', repeat('\x85', 100_000), 'Ns.'), 'depth'],
  ['a memo index of 2**32 - 1', () => bytes('Nr\xff\xff\xff\xff.'), 'memo'],
  ['a memo index by text', () => bytes('Np99999999\n.'), 'memo'],
  ['300,000 entries of the memo', () => bytes('N', repeat('\x94', 300_000), '.'), 'memo'],
  ['an int of 120,000 digits', () => int(50_000), 'digits'],
  ['an int of 100,000,000 digits', () => int(41_524_102), 'bytes'],
  ['an int that claims 100,000,000 digits', () => bytes('\x8b', uint32(41_524_102), '.'), 'digits'],
  ['an int that claims 2 GB', () => bytes('\x8b\xff\xff\xff\x7f\x00.'), 'digits'],
  ['4301 decimal digits', () => bytes('L', repeat('9', 4301), 'L\n.'), 'digits'],
  ['8 MB of decimal digits', () => bytes('I', repeat('9', 8_000_000), '\n.'), 'digits'],
  [
    'an int of 90,000 digits as the key of 10,000 dicts',
    () => bytes('\x8b', uint32(37_000), Buffer.alloc(37_000, 0x55), '\x94](', repeat('}h\x00Ns', 10_000), 'e.'),
    'digits of a key',
  ],
  [
    'an int of 90,000 digits as that of 5,000 UUIDs',
    () =>
      bytes(
        'cuuid\nUUID\n\x94}U\x03int\x8b',
        uint32(37_000),
        Buffer.alloc(37_000, 0x55),
        's\x94](',
        repeat('h\x00)\x81h\x01b', 5_000),
        'e.',
      ),
    'UUID',
  ],
  [
    'a hundred ints of 1,200 digits as keys of 1,200 dicts',
    () => {
      const places = Array.from({ length: 100 }, (_, place) => place)
      const ints = places.map((place) =>
        bytes('\x8b', uint32(500), Buffer.alloc(498, place + 1), '\x55\x55q', Buffer.of(place)),
      )
      const dict = bytes('}(', ...places.map((place) => bytes('h', Buffer.of(place), 'N')), 'u')
      return bytes('](', ...ints, ...Array.from({ length: 1_200 }, () => dict), 'e.')
    },
    'digits of keys',
  ],
  ['10,000 keys that end alike', () => bytes('}(', alike(10_000), 'u.'), 'end alike'],
  ['a line of 100 MB', () => bytes('V', repeat('x', 100_000_000), '\n.'), 'bytes'],
  ['a line without an end', () => bytes('V', repeat('x', 1_000_000)), 'ends early'],
  ['a text that claims 2**63 bytes', () => bytes('\x8d\0\0\0\0\0\0\0\x80.'), 'ends early'],
  ['bytes that claim 4 GB', () => bytes('B\xff\xff\xff\xff.'), 'ends early'],
  ['a frame that claims 2**64 - 1 bytes', () => bytes('\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff.'), 'ends early'],
  [
    'a set made again and again of one list',
    () => bytes('cbuiltins\nset\n\x94(', repeat('K\x01', 50_000), 'l\x85\x94', repeat('h\x00h\x01R', 1_000), '.'),
    'elements',
  ],
  [
    'bytes made again and again of one text',
    () => bytes('c_codecs\nencode\n\x94(', longText, 'Vlatin1\nt\x94', repeat('h\x00h\x01R', 1_000), '.'),
    'elements',
  ],
  [
    'a Decimal made again and again of one text',
    () => bytes('cdecimal\nDecimal\n\x94', longText, '\x94](', repeat('h\x00h\x01\x85R', 10_000), 'e.'),
    'elements',
  ],
]

export const PICKLE_BOMBS: readonly Bomb[] = BOMBS.map(([name, pickle, refusedFor]) => ({ name, pickle, refusedFor }))

/** Pickles that are much work for a reader that looks at shared parts more than once; Python reads them, and so do we. */
export const SHARED_PARTS: readonly (readonly [name: string, pickle: () => Buffer])[] = [
  [
    'one key of 1 MB in 20,000 dicts',
    () => bytes('B', longText.subarray(1), '\x94](', repeat('}h\x00Ns', 20_000), 'e.'),
  ],
  ['a tuple of it', () => bytes(longText, '\x94](', repeat('}h\x00\x85Ns', 20_000), 'e.')],
  [
    '200,000 values below 400 dicts with ints as keys',
    () => bytes(repeat('}K\x01', 400), '](', repeat('N', 200_000), 'e', repeat('s', 400), '.'),
  ],
]

/** As zlib packs them into a session: pickles that are bombs once they are unpacked. */
export const ZIPPED_BOMBS: readonly (readonly [name: string, zipped: () => Buffer])[] = [
  ['100 MB of zeros', () => deflateSync(Buffer.alloc(100_000_000))],
  ['8 MB of marks', () => deflateSync(repeat('(', 8_000_000))],
]
