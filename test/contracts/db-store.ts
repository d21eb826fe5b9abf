/** The store `db` on a database, as the contract of session stores wants it. */
import { utcClock } from '../../src/databases/wall-clock.ts'
import { type DbStoreOptions, db } from '../../src/stores/db.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import type { TestDatabase } from './database-fixtures.ts'
import type { StoreUnderTest } from './session-store.ts'

export const SITE_SECRET = 'a secret of the site'
const START = Date.UTC(2026, 0, 15, 12)
const settings = { SESSION_COOKIE_AGE: 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }

export function storeOn(fixture: TestDatabase, options: Partial<DbStoreOptions> = {}): StoreUnderTest {
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const { wallClock = utcClock } = options
  const make = () =>
    db({
      database: fixture.database,
      codec: createSessionCodec({ SECRET_KEY: SITE_SECRET, now: () => milliseconds, marksWrites: true }),
      expiryOf: expiryRule(settings, wallClock, now),
      wallClock,
      now,
      deadlineMs: 5000,
      ...options,
    })
  return {
    store: make(),
    other: make(),
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    count: async () => Number((await fixture.run('SELECT count(*) AS n FROM django_session'))[0]?.n),
    async corrupt(key) {
      await fixture.run("UPDATE django_session SET session_data = 'e30:1wAbCd:tampered' WHERE session_key = ?", [key])
    },
    close: () => fixture.close(),
  }
}
