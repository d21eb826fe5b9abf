/** The session cookies of one request: those of the names that a bridge reads, each judged by itself. */
import { parseCookieHeader } from './cookie-header.ts'
import type { CookieReading, SessionCookie } from './session-cookie.ts'

export interface IncomingCookie {
  readonly name: string
  readonly text: string
  readonly reading: CookieReading
}

export class IncomingCookies {
  readonly #cookie: Pick<SessionCookie, 'read'>
  readonly #texts: readonly (readonly [name: string, text: string])[]
  readonly #read = new Map<string, IncomingCookie>()

  /** @param names in the order in which they are looked for */
  constructor(header: string | readonly string[] | undefined, names: readonly string[], cookie: SessionCookie) {
    this.#cookie = cookie
    const sent = parseCookieHeader(typeof header === 'string' ? header : (header?.join('; ') ?? ''))
    this.#texts = names.flatMap((name) => {
      const text = sent.get(name)
      return text === undefined ? [] : [[name, text] as const]
    })
  }

  /** The cookie that the request's session is opened by. */
  get first(): IncomingCookie | null {
    const [found] = this.#texts
    return found === undefined ? null : this.#readOne(...found)
  }

  /** The names of all that were sent. */
  get names(): readonly string[] {
    return this.#texts.map(([name]) => name)
  }

  /** The session keys in all that are good, the first one's first. */
  get keys(): readonly string[] {
    const readings = this.#texts.map(([name, text]) => this.#readOne(name, text).reading)
    return readings.flatMap((reading) => ('key' in reading ? [reading.key] : []))
  }

  #readOne(name: string, text: string): IncomingCookie {
    const known = this.#read.get(name)
    if (known !== undefined) return known
    const read = { name, text, reading: this.#cookie.read(text) }
    this.#read.set(name, read)
    return read
  }
}
