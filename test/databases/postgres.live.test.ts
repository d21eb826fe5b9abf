/** Faults of PostgreSQL and of the way to it: errors with a reason, for nobody a lost cookie or an anonymous user. */
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { describeDatabaseFaults } from '../contracts/database-faults.ts'
import { openOn, unavailable } from '../contracts/faulty-requests.ts'
import { SECRET_KEY } from '../site.ts'
import { faultyPostgres } from './faulty-database.ts'
import { refusingServer } from './refusing-postgres.ts'

const postgres = inject('postgres')
if ('missing' in postgres) test.skip(`faults of PostgreSQL (${postgres.missing})`, () => {})
else {
  const codes = {
    refusals: [
      ['whose disk is full', '53100', 'full'],
      ['whose statement_timeout passes', '57014', 'deadline'],
      ['that waits for no lock', '55P03', 'locked'],
      ['that takes writes back again and again', '40001', 'locked'],
    ],
    takenBack: [
      ['a serialization failure', '40001'],
      ['a deadlock', '40P01'],
    ],
  } as const
  describeDatabaseFaults('PostgreSQL', codes, (options) => faultyPostgres(postgres.url, options))

  test('S35: PostgreSQL that is starting up is waited for, and no more after five requests', async () => {
    const cookie = 'sessionid=abcdefghijklmnopqrstuvwxyz012345'
    const server = await refusingServer('57P03')
    const pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'site', database: 'site' })
    const bridge = createBridge({ SECRET_KEY, DEBUG: true }, { clients: { databases: { default: pool } } })
    const refused = async (): Promise<void> => {
      const django = openOn(bridge, cookie)
      await expect(django.session()).rejects.toMatchObject(unavailable('starting_up'))
      expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    }
    await Promise.all(Array.from({ length: 5 }, refused))
    expect(server.asked).toBeGreaterThan(5)
    const before = server.asked
    await refused()
    expect(server.asked).toBe(before)
    expect(await openOn(bridge, cookie).finish(200)).toEqual({ cookies: [], vary: [] })
    await pool.end()
    server.close()
  })
}
