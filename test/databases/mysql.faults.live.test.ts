/** Faults of MySQL and of the way to it: errors with a reason, for nobody a lost cookie or an anonymous user. */
import { createPool } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeDatabaseFaults } from '../contracts/database-faults.ts'
import { openOn, unavailable } from '../contracts/faulty-requests.ts'
import { startPrivateMysql } from '../private-mysql.ts'
import type { PrivateServer } from '../private-server.ts'
import { faultyMysql } from './faulty-database.ts'

const mysql = inject('mysql')
if ('missing' in mysql) test.skip(`faults of MySQL (${mysql.missing})`, () => {})
else {
  const codes = {
    refusals: [
      ['whose disk is full', '1021', 'full'],
      ['whose table is full', '1114', 'full'],
      ['whose max_statement_time passes', '1969', 'deadline'],
      ['that waits for no lock', '3572', 'locked'],
      ['that takes writes back again and again', '1213', 'locked'],
    ],
    takenBack: [
      ['a lock that was waited for too long', '1205'],
      ['a deadlock', '1213'],
    ],
  } as const
  describeDatabaseFaults('MySQL', codes, (options) => faultyMysql(mysql.url, options))
}

/** What would disturb others on a server that is shared. */
describe.skipIf('missing' in mysql)('S35: a MySQL of our own', () => {
  let server: PrivateServer | { missing: string }
  beforeAll(async () => {
    server = await startPrivateMysql('--max-connections=10')
  })
  afterAll(async () => {
    if (!('missing' in server)) await server.drop()
  })

  test('that is read only: it is read, a write is an error, and the next primary gets a new connection', async ({
    skip,
  }) => {
    if ('missing' in server) return skip(server.missing)
    const site = await faultyMysql(server.url)
    const cookie = await site.login({ cart: 'tea' })
    const { client } = await site.otherUser({ mayUseTables: true })
    const bridge = site.bridgeOn(client)
    const write = async (): Promise<unknown> => {
      const django = openOn(bridge, cookie)
      ;(await django.session()).set('cart', 'coffee')
      return django.finish(200)
    }
    await site.run('SET GLOBAL read_only = 1')
    expect((await openOn(bridge, cookie).session()).get('cart')).toBe('tea')
    await expect(write()).rejects.toMatchObject(unavailable('read_only'))
    const [{ before } = {}] = await site.run(
      "SELECT variable_value AS 'before' FROM information_schema.global_status WHERE variable_name = 'connections'",
    )
    await site.run('SET GLOBAL read_only = 0')
    expect(await write()).toMatchObject({ cookies: [{ name: 'sessionid' }] })
    const [{ after } = {}] = await site.run(
      "SELECT variable_value AS 'after' FROM information_schema.global_status WHERE variable_name = 'connections'",
    )
    expect(Number(after)).toBeGreaterThan(Number(before))
    await site.close()
  })

  test('that has no connection left for anybody says so', async ({ skip }) => {
    if ('missing' in server) return skip(server.missing)
    const site = await faultyMysql(server.url)
    const cookie = await site.login({ cart: 'tea' })
    const { client } = await site.otherUser({ mayUseTables: true })
    const others = createPool({ uri: server.url, connectionLimit: 20 })
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => others.getConnection()))
    const django = openOn(site.bridgeOn(client), cookie)
    await expect(django.session()).rejects.toMatchObject(unavailable('too_many_connections'))
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    for (const each of taken) if (each.status === 'fulfilled') each.value.destroy()
    await expect
      .poll(
        () =>
          openOn(site.bridgeOn(client), cookie)
            .session()
            .then((session) => session.get('cart'))
            .catch(() => null),
        {
          timeout: 30_000,
        },
      )
      .toBe('tea')
    await others.end()
    await site.close()
  })
})
