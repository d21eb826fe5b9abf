/** Secrets to plant, and all that can be seen of an error, a report or a message. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { expect } from 'vitest'
import type { BridgeHooks } from '../src/bridge.ts'

/** In every key, password, cookie, token and value that a test plants. */
export const CANARY = 'cAnArY'
export const SITE_KEY = `${CANARY}-the-key-of-the-site-that-is-long-enough`
/** A well-formed session key that nothing else looks like. */
export const SESSION_KEY = `${CANARY.toLowerCase()}0123456789abcdefghijklmnop`

/** What a person or a log could come to see, in every way that errors and events are printed. */
export interface Witness {
  readonly hooks: Required<Pick<BridgeHooks, 'onSuspicious' | 'onWarning'>>
  readonly seen: string[]
  look(thing: unknown): void
  /** Fails where a planted secret, or one of `more`, was seen. */
  finish(more?: readonly string[]): void
}

export function witness(): Witness {
  const seen: string[] = []
  const look = (thing: unknown): void => {
    seen.push(String(thing), inspect(thing, { depth: Number.POSITIVE_INFINITY, showHidden: true }))
    if (thing instanceof Error) {
      seen.push(thing.stack ?? '', JSON.stringify(thing, Object.getOwnPropertyNames(thing)))
      if (thing.cause !== undefined) look(thing.cause)
    }
  }
  subscribe('django-session-bridge:store', look)
  return {
    hooks: { onSuspicious: look, onWarning: look },
    seen,
    look,
    finish(more = []) {
      unsubscribe('django-session-bridge:store', look)
      const all = seen.join('\n').toLowerCase()
      for (const secret of [CANARY, SESSION_KEY, ...more]) {
        const at = all.indexOf(secret.toLowerCase())
        expect(at < 0 ? '' : all.slice(Math.max(0, at - 80), at + 80)).toBe('')
      }
    },
  }
}
