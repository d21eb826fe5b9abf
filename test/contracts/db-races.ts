/** The store `db`, others writing between its statements. */
import type { Database } from '../../src/databases/database.ts'
import { createSessionCodec, sessionOf } from '../../src/stores/session-data.ts'
import type { TestDatabase } from './database-fixtures.ts'
import { SITE_SECRET, storeOn } from './db-store.ts'
import { describeStoreRaces } from './store-races.ts'

/** @param make a database whose tables are empty */
export function describeRaces(name: string, make: () => Promise<TestDatabase>): void {
  describeStoreRaces(name, async () => {
    const fixture = await make()
    return {
      others: storeOn(fixture).store,
      interrupted: (before) => storeOn({ ...fixture, database: interrupted(fixture.database, before) }).store,
      async djangoSaves(key, values) {
        const text = createSessionCodec({ SECRET_KEY: SITE_SECRET }).encode(sessionOf(Object.entries(values)))
        await fixture.run('UPDATE django_session SET session_data = ? WHERE session_key = ?', [text, key])
      },
      count: async () => (await fixture.run('SELECT session_key FROM django_session')).length,
      clear: () => fixture.run('DELETE FROM django_session'),
      close: () => fixture.close(),
    }
  })
}

/** Runs `before` ahead of each statement. */
function interrupted(database: Database, before: () => Promise<void>): Database {
  return {
    ...database,
    async rows(...call) {
      await before()
      return database.rows(...call)
    },
    async execute(...call) {
      await before()
      return database.execute(...call)
    },
  }
}
