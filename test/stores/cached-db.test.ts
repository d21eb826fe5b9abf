import { storeOnBoth } from '../contracts/cached-db-store.ts'
import { sqliteFixture } from '../contracts/database-fixtures.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

describeSessionStore('cached_db on SQLite and a cache in memory', async () => storeOnBoth(await sqliteFixture()))
