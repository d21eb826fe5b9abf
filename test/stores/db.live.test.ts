import { inject, test } from 'vitest'
import { postgresFixture } from '../contracts/database-fixtures.ts'
import { storeOn } from '../contracts/db-store.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

const postgres = inject('postgres')
if ('missing' in postgres) test.skip(`db on PostgreSQL (${postgres.missing})`, () => {})
else describeSessionStore('db on PostgreSQL', async () => storeOn(await postgresFixture(postgres.url)))
