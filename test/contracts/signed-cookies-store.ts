/** The store `signed_cookies`, as the contract of session stores wants it. */
import { utcClock } from '../../src/databases/wall-clock.ts'
import { jsonSerializer } from '../../src/serializers/json.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import { type SignedCookiesOptions, signedCookies } from '../../src/stores/signed-cookies.ts'
import { SITE_SECRET } from './db-store.ts'
import type { StoreUnderTest } from './session-store.ts'

const START = Date.UTC(2026, 0, 15, 12)

export function signedCookiesUnderTest(options: Partial<SignedCookiesOptions> = {}): StoreUnderTest {
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const { SESSION_COOKIE_AGE = 1209600 } = options
  const settings = { SESSION_COOKIE_AGE, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }
  const make = () =>
    signedCookies({
      SECRET_KEY: SITE_SECRET,
      SECRET_KEY_FALLBACKS: [],
      SESSION_COOKIE_AGE,
      SESSION_COOKIE_NAME: 'sessionid',
      serializer: jsonSerializer,
      expiryOf: expiryRule(settings, utcClock, now),
      now,
      limits: {},
      hash: 'sha256',
      readsSha1: false,
      ...options,
    })
  return {
    store: make(),
    other: make(),
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    count: async () => 0,
    corrupt: async () => undefined,
    close: async () => undefined,
  }
}
