/** Faults of PostgreSQL and of the way to it: errors with a reason, for nobody a lost cookie or an anonymous user. */
import pg from 'pg'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import { SECRET_KEY } from '../site.ts'
import { type FaultyOptions, type FaultyPostgres, faultyPostgres, refusingServer } from './faulty-postgres.ts'

const postgres = inject('postgres')
const SHORT_MS = 300

let site: FaultyPostgres
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options?: FaultyOptions): Promise<FaultyPostgres> {
  if ('missing' in postgres) throw new Error(postgres.missing)
  site = await faultyPostgres(postgres.url, options)
  ends.push(() => site.close())
  return site
}

function open(cookie?: string, bridge = site.bridge): DjangoContext {
  return bridge.open({ method: 'GET', url: '/', headers: cookie === undefined ? {} : { cookie }, secure: false })
}

/** A request that reads `cart`, and who is logged in. */
async function read(cookie: string): Promise<unknown[]> {
  const django = open(cookie)
  const cart = (await django.session()).get('cart')
  return [cart, (await django.user())?.pk]
}

/** Sooner or later, once a fault has ended or while the machine is busy. */
async function expectRead(cookie: string, found: unknown[]): Promise<void> {
  await expect.poll(() => read(cookie).catch(() => null), { timeout: 30_000 }).toEqual(found)
}

async function expectUser(cookie: string): Promise<void> {
  const who = (): Promise<unknown> => read(cookie).then(([, user]) => user)
  await expect.poll(() => who().catch(() => null), { timeout: 30_000 }).toBe('7')
}

/** A request that sets `cart`; resolves with the cookies that it sends. */
async function write(cookie: string, cart: unknown): Promise<string[]> {
  const django = open(cookie)
  ;(await django.session()).set('cart', cart)
  return (await django.finish(200)).cookies.map(({ header }) => header)
}

const unavailable = (reason: string) => ({ code: 'store_unavailable', status: 503, reason })

/** What must hold while sessions cannot be read. */
async function expectNobodyHarmed(cookie: string, reason: string): Promise<void> {
  const django = open(cookie)
  await expect(django.session()).rejects.toMatchObject(unavailable(reason))
  await expect(django.user()).rejects.toMatchObject(unavailable(reason))
  expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
  await expectServed(cookie)
  expect(site.reports).toEqual([])
}

/** Requests that open no session do not know of the fault. */
async function expectServed(cookie: string): Promise<void> {
  expect(await open(cookie).finish(200)).toEqual({ cookies: [], vary: [] })
  const anonymous = open()
  expect((await anonymous.session()).isEmpty).toBe(true)
  expect(await anonymous.user()).toBeNull()
}

/** A request whose write fails: an error instead of an answer, no cookie, and what was stored stays. */
async function expectUnwritten(cookie: string, reason: string): Promise<void> {
  await expect(write(cookie, 'lost')).rejects.toMatchObject(unavailable(reason))
  await expectServed(cookie)
  expect(site.reports).toEqual([])
}

/** Makes writes to the session table raise `sqlState`, each, or every other one. */
async function failWrites(sqlState: string, which: 'all' | 'every other' = 'all'): Promise<void> {
  // A sequence counts on though the statement is taken back.
  const condition = which === 'all' ? 'true' : "nextval('writes') % 2 = 1"
  await site.direct.query(`
    CREATE SEQUENCE writes;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF ${condition} THEN RAISE EXCEPTION 'no' USING ERRCODE = '${sqlState}'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER fail BEFORE UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION fail();`)
}

/** As many connections in the pool as it may have, all idle. */
async function fillPool(): Promise<void> {
  const clients = await Promise.all(Array.from({ length: site.pool.options.max ?? 0 }, () => site.pool.connect()))
  for (const client of clients) client.release()
}

/** Lets the bridge know every connection of the pool. */
async function useEveryConnection(cookie: string): Promise<void> {
  await fillPool()
  await Promise.all(Array.from({ length: 3 * (site.pool.options.max ?? 0) }, () => read(cookie)))
}

async function role(rights: string, options = ''): Promise<pg.Pool> {
  const name = `role_${process.pid}_${Date.now()}`
  const schema = site.options.split('=')[1]
  await site.direct.query(`CREATE ROLE ${name} LOGIN PASSWORD 'secret' ${options}`)
  await site.direct.query(`GRANT USAGE ON SCHEMA ${schema} TO ${name}`)
  if (rights !== '') await site.direct.query(`GRANT ${rights} ON ALL TABLES IN SCHEMA ${schema} TO ${name}`)
  const url = new URL(site.url)
  url.username = name
  url.password = 'secret'
  const pool = new pg.Pool({ connectionString: url.href, options: site.options })
  ends.push(async () => {
    await pool.end()
    await site.direct.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
  })
  return pool
}

function bridgeOn(pool: pg.Pool) {
  return createBridge({ SECRET_KEY, DEBUG: true }, { clients: { databases: { default: pool } } })
}

describe.skipIf('missing' in postgres)('S35: PostgreSQL', () => {
  test('that is down when the process starts is an error with its name, and is used once it is up', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    site.proxy.fault = { kind: 'down' }
    await expect(site.bridge.check()).rejects.toMatchObject(unavailable('unreachable'))
    await expectNobodyHarmed(cookie, 'unreachable')
    site.proxy.fault = { kind: 'none' }
    await expectRead(cookie, ['tea', '7'])
  })

  test('that goes away between a read and the write: an error instead of the answer, and no cookie', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    const django = open(cookie)
    ;(await django.session()).set('cart', 'coffee')
    site.proxy.fault = { kind: 'down' }
    // Whether the write was on its way depends on who sees the end of the connection first.
    const error = await django.finish(200).catch((failure: unknown) => failure)
    expect(error).toMatchObject({
      code: 'store_unavailable',
      reason: expect.stringMatching(/^(unreachable|outcome_unknown)$/),
    })
    await expectServed(cookie)
  })

  test('that does not answer: an error at the deadline; the connection is destroyed, the next one is new', async () => {
    await start({ max: 1, deadlineMs: SHORT_MS })
    const cookie = await site.login({ cart: 'tea' })
    await expectRead(cookie, ['tea', '7'])
    site.proxy.fault = { kind: 'blackHole' }
    const django = open(cookie)
    await expect(django.session()).rejects.toMatchObject(unavailable('deadline'))
    expect(site.pool.totalCount).toBe(0)
    await expectNobodyHarmed(cookie, 'deadline')
    site.proxy.fault = { kind: 'none' }
    await expectRead(cookie, ['tea', '7'])
    expect(site.proxy.accepted).toBeGreaterThan(1)
  })

  test('that is waited for by a lock: one deadline for the whole call', async () => {
    await start({ deadlineMs: SHORT_MS })
    const cookie = await site.login({ cart: 'tea' })
    const other = await site.direct.connect()
    await other.query('BEGIN; LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE')
    await expectNobodyHarmed(cookie, 'deadline')
    await other.query('ROLLBACK')
    other.release()
    await expectRead(cookie, ['tea', '7'])
  })

  test('that holds a write back until the deadline: the outcome is unknown, and no cookie is sent', async () => {
    await start({ deadlineMs: SHORT_MS })
    const cookie = await site.login({ cart: 'tea' })
    await expectRead(cookie, ['tea', '7'])
    const other = await site.direct.connect()
    await other.query('BEGIN; LOCK TABLE django_session IN EXCLUSIVE MODE')
    await expectUnwritten(cookie, 'outcome_unknown')
    await other.query('ROLLBACK')
    other.release()
  })

  test('S36: that answers about when the deadline comes gives nobody the answer to another question', async () => {
    await start({ max: 10, deadlineMs: SHORT_MS })
    const own = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => ({
        cookie: await site.login({ cart: `of ${index}` }),
        found: [`of ${index}`, '7'],
      })),
    )
    for (let round = 0; round < 10; round++) {
      const asked = own.slice(round * 10, round * 10 + 10)
      site.proxy.fault = { kind: 'delay', milliseconds: SHORT_MS * (round % 2 === 0 ? 0.9 : 1.1) }
      const answers = await Promise.all(asked.map(({ cookie }) => read(cookie).catch((error: unknown) => error)))
      for (const [index, got] of answers.entries()) {
        if (Array.isArray(got)) expect(got).toEqual(asked[index]?.found)
        else expect(got).toMatchObject({ code: 'store_unavailable' })
      }
      site.proxy.fault = { kind: 'none' }
      // In a connection that was used on, the late answers would come now.
      await Promise.all(asked.map(({ cookie, found }) => expectRead(cookie, found)))
    }
    expect(site.reports).toEqual([])
  })

  test('whose pool is in use elsewhere: the error says so, and that the database may be well', async () => {
    await start({ max: 2, deadlineMs: SHORT_MS })
    const cookie = await site.login({ cart: 'tea' })
    const leaked = await Promise.all([site.pool.connect(), site.pool.connect()])
    await expectNobodyHarmed(cookie, 'pool_exhausted')
    await expect(open(cookie).session()).rejects.toThrow(/All 2 connections of the PostgreSQL pool/)
    for (const client of leaked) client.release()
    await expectRead(cookie, ['tea', '7'])
  })

  test.each(['reset', 'restart', 'pg_terminate_backend'])('after a %s: no read fails', async (how) => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    await useEveryConnection(cookie)
    if (how === 'reset') site.proxy.reset()
    if (how === 'restart') {
      site.proxy.fault = { kind: 'down' }
      site.proxy.fault = { kind: 'none' }
    }
    if (how === 'pg_terminate_backend') await site.terminate()
    const reads = Array.from({ length: 12 }, () => read(cookie))
    expect(await Promise.all(reads)).toEqual(reads.map(() => ['tea', '7']))
  })

  test('that ends idle connections of a pool whose errors nobody listens to ends no process', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    await useEveryConnection(cookie)
    await site.terminate()
    await expect.poll(() => site.pool.totalCount, { timeout: 30_000 }).toBe(0)
    expect(await read(cookie)).toEqual(['tea', '7'])
  })

  test('that ends connections under writes: at most one request fails for each', async () => {
    await start()
    const cookies = await Promise.all(Array.from({ length: 12 }, () => site.login()))
    await useEveryConnection(cookies[0] ?? '')
    const writes = cookies.map((cookie, index) => write(cookie, index))
    await site.terminate()
    const results = await Promise.allSettled(writes)
    const failed = results.filter(({ status }) => status === 'rejected')
    expect(failed.length).toBeLessThanOrEqual(3)
    for (const index of results.keys()) {
      const stored = (await read(cookies[index] ?? ''))[0]
      if (results[index]?.status === 'fulfilled') expect(stored).toBe(index)
    }
  })

  test.each(['toServer', 'toClient'] as const)(
    'whose connection is cut after any number of bytes %s: an answered write is stored, any other one sends no cookie',
    async (direction) => {
      await start({ max: 1 })
      const cookie = await site.login({ cart: 'tea' })
      const seen = { failed: 0, answered: 0 }
      for (let bytes = 1; bytes < 1000; bytes += 61) {
        await expectUser(cookie)
        const django = open(cookie)
        ;(await django.session()).set('cart', bytes)
        site.proxy.fault = { kind: 'cut', direction, afterBytes: bytes }
        const outcome = await django.finish(200).catch((error: unknown) => error)
        site.proxy.fault = { kind: 'none' }
        if (outcome instanceof Error) {
          seen.failed++
          expect(outcome).toMatchObject({ code: 'store_unavailable' })
        } else {
          seen.answered++
          await expectRead(cookie, [bytes, '7'])
        }
      }
      expect(Math.min(seen.failed, seen.answered)).toBeGreaterThan(0)
      expect(site.reports).toEqual([])
    },
  )

  test('whose every reply is lost: the write is reported as unknown, and no cookie is sent', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    const django = open(cookie)
    ;(await django.session()).set('cart', 'coffee')
    site.proxy.fault = { kind: 'loseReplies' }
    await expect(django.finish(200)).rejects.toMatchObject(unavailable('outcome_unknown'))
    site.proxy.fault = { kind: 'none' }
    await expectServed(cookie)
  })

  test('that takes no writes: it is read, a write is an error', async () => {
    await start({ max: 1 })
    const cookie = await site.login({ cart: 'tea' })
    await site.pool.query('SET default_transaction_read_only = on')
    expect(await read(cookie)).toEqual(['tea', '7'])
    await expectUnwritten(cookie, 'read_only')
    // The connection was destroyed: after a failover the next one leads to the new primary.
    expect(await write(cookie, 'coffee')).toHaveLength(1)
    expect(await read(cookie)).toEqual(['coffee', '7'])
  })

  test.each([
    ['whose disk is full', '53100', 'full'],
    ['whose statement_timeout passes', '57014', 'deadline'],
    ['that waits for no lock', '55P03', 'locked'],
    ['that takes writes back again and again', '40001', 'locked'],
  ])('%s: a write is an error, and what was stored stays', async (_, sqlState, reason) => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    await failWrites(sqlState)
    await expectUnwritten(cookie, reason)
    expect(await read(cookie)).toEqual(['tea', '7'])
  })

  test.each([
    ['a serialization failure', '40001'],
    ['a deadlock', '40P01'],
  ])('that takes a write back for %s is asked once more', async (_, sqlState) => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    await failWrites(sqlState, 'every other')
    expect(await write(cookie, 'coffee')).toHaveLength(1)
    expect(await read(cookie)).toEqual(['coffee', '7'])
  })

  test('without a connection left: an error that says so', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    const pool = await role('SELECT, UPDATE', 'CONNECTION LIMIT 1')
    const taken = await pool.connect()
    const django = open(cookie, bridgeOn(pool))
    await expect(django.session()).rejects.toMatchObject(unavailable('too_many_connections'))
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    taken.release()
    expect((await open(cookie, bridgeOn(pool)).session()).get('cart')).toBe('tea')
  })

  test('that denies the table: an error that says so', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    const django = open(cookie, bridgeOn(await role('')))
    await expect(django.session()).rejects.toMatchObject(unavailable('denied'))
    expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
  })

  test('without the table: an error that says so', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    await site.direct.query('ALTER TABLE django_session RENAME TO elsewhere')
    await expectNobodyHarmed(cookie, 'missing')
  })

  test('that is starting up is waited for, and no more after five requests', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    const server = await refusingServer('57P03')
    ends.push(() => server.close())
    const pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'site', database: 'site' })
    const bridge = bridgeOn(pool)
    const refused = async (): Promise<void> => {
      const django = open(cookie, bridge)
      await expect(django.session()).rejects.toMatchObject(unavailable('starting_up'))
      expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    }
    await Promise.all(Array.from({ length: 5 }, refused))
    expect(server.asked).toBeGreaterThan(5)
    const before = server.asked
    await refused()
    expect(server.asked).toBe(before)
    expect(await open(cookie, bridge).finish(200)).toEqual({ cookies: [], vary: [] })
  })

  test('that is restarted is waited for: nobody gets an error', async () => {
    await start()
    const cookie = await site.login({ cart: 'tea' })
    await useEveryConnection(cookie)
    site.proxy.fault = { kind: 'down' }
    const requests = [...Array.from({ length: 8 }, () => read(cookie)), write(cookie, 'tea')]
    await new Promise((resume) => setTimeout(resume, 200))
    site.proxy.fault = { kind: 'none' }
    expect((await Promise.all(requests)).slice(0, 8)).toEqual(Array.from({ length: 8 }, () => ['tea', '7']))
  })
})
