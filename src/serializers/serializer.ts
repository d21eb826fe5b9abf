/** The port of a session serializer: bytes of a whole session to an ordered map of values that stay encoded. */

/** One value as it was stored. It is decoded when somebody asks for it, and written back verbatim when nobody changed it. */
export interface Encoded {
  /**
   * The value, freshly made on every call, so that a caller may change what it got.
   * @throws PickleForbidden for a value of a class that only Python has
   */
  decode(): unknown
  /** Whether writing `value` in this one's place would store the same value again. */
  same(value: unknown): boolean
  /** As `decode`, but with floats as PyFloat, for another format to write. Absent where `decode` is as good. */
  exact?(): unknown
  /** Whether `decode` throws PickleForbidden, since only Python can make this value. */
  readonly isOpaque?: boolean
}

/** A value to be written; `like` is what stood in its place, whose spelling is kept wherever an equal value stands. */
export interface NewValue {
  readonly value: unknown
  readonly like?: Encoded
}

/** The values of one session in insertion order, each either as stored or new. */
export type SessionData = ReadonlyMap<string, Encoded | NewValue>

/** Reads and writes the content of a session. @see django/core/signing.py JSONSerializer */
export interface Serializer {
  /** Django's dotted path of the serializer. */
  readonly name: string
  /** What may follow a session and is passed over by every reader: spaces, or any bytes. Absent where nothing may. */
  readonly passesOver?: 'spaces' | 'bytes'
  /** @throws SerializationError for bytes that are not a session of this format. */
  loads(bytes: Uint8Array): ReadonlyMap<string, Encoded>
  /** @throws SerializationError for a value that this format cannot hold. */
  dumps(data: SessionData): Uint8Array
}

/** Tells the two kinds of value in `SessionData` apart. */
export function isEncoded(value: Encoded | NewValue): value is Encoded {
  return 'decode' in value
}

/** The value alone, freshly parsed. */
export function plain(stored: Encoded | NewValue | undefined): unknown {
  if (stored === undefined) return undefined
  return isEncoded(stored) ? stored.decode() : stored.value
}

/** Half a pair of surrogates, which no program writes in front of a name. */
const HIDDEN = '\udc00key '

/** Where `SessionData` keeps the value of a key that is no text: it goes back with the session, and shows nowhere. */
export function hiddenName(place: number): string {
  return `${HIDDEN}${place}`
}

export function isHiddenName(name: string): boolean {
  return name.startsWith(HIDDEN)
}
