import { inject, test } from 'vitest'
import { describeCache } from '../contracts/cache.ts'
import { storeOnCache } from '../contracts/cache-store.ts'
import { cacheOn } from '../contracts/database-cache.ts'
import { mysqlFixture, postgresFixture } from '../contracts/database-fixtures.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

const postgres = inject('postgres')
if ('missing' in postgres) test.skip(`a table of PostgreSQL (${postgres.missing})`, () => {})
else {
  const make = async () => cacheOn(await postgresFixture(postgres.url), 'postgres')
  describeCache('a table of PostgreSQL', make)
  describeSessionStore('cache in a table of PostgreSQL', async () => storeOnCache(await make()))
}

const mysql = inject('mysql')
if ('missing' in mysql) test.skip(`a table of MySQL (${mysql.missing})`, () => {})
else {
  const make = async () => cacheOn(await mysqlFixture(mysql.url), 'mysql')
  describeCache('a table of MySQL', make)
  describeSessionStore('cache in a table of MySQL', async () => storeOnCache(await make()))
}
