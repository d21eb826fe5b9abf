/** What holds for users whatever fails on the way to a database server. A server's live test calls this. */
import { afterEach, describe, expect, test } from 'vitest'
import type { StoreFailure } from '../../src/errors.ts'
import type { FaultyOptions, FaultySite } from '../databases/faulty-database.ts'
import { openOn, requestsOf, unavailable } from './faulty-requests.ts'

const SHORT_MS = 300

/** What a server calls its troubles. */
export interface FaultCodes {
  readonly refusals: readonly (readonly [what: string, code: string, reason: StoreFailure])[]
  /** Those after which a statement is sent again. */
  readonly takenBack: readonly (readonly [what: string, code: string])[]
}

/** @param name as messages have it */
export function describeDatabaseFaults(
  name: string,
  codes: FaultCodes,
  make: (options?: FaultyOptions) => Promise<FaultySite>,
): void {
  describe(`S35: ${name}`, () => {
    let running: FaultySite | undefined
    afterEach(() => running?.close())

    async function start(options?: FaultyOptions): Promise<FaultySite> {
      running = await make(options)
      return running
    }

    test('that is down when the process starts is an error with its name, and is used once it is up', async () => {
      const site = await start()
      const { expectRead, expectNobodyHarmed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      site.proxy.fault = { kind: 'down' }
      await expect(site.bridge.check()).rejects.toMatchObject(unavailable('unreachable'))
      await expectNobodyHarmed(cookie, 'unreachable')
      site.proxy.fault = { kind: 'none' }
      await expectRead(cookie, ['tea', '7'])
    })

    test('that goes away between a read and the write: an error instead of the answer, and no cookie', async () => {
      const site = await start()
      const { open, expectServed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      const django = open(cookie)
      ;(await django.session()).set('cart', 'coffee')
      site.proxy.fault = { kind: 'down' }
      // Whether the write was on its way depends on who sees the end of the connection first.
      const error = await Promise.resolve(django.finish(200)).catch((failure: unknown) => failure)
      expect(error).toMatchObject({
        code: 'store_unavailable',
        reason: expect.stringMatching(/^(unreachable|outcome_unknown)$/),
      })
      await expectServed(cookie)
    })

    test('that does not answer: an error at the deadline; the connection is destroyed, the next one is new', async () => {
      const site = await start({ max: 1, deadlineMs: SHORT_MS })
      const { open, expectRead, expectNobodyHarmed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await expectRead(cookie, ['tea', '7'])
      site.proxy.fault = { kind: 'blackHole' }
      const django = open(cookie)
      await expect(django.session()).rejects.toMatchObject(unavailable('deadline'))
      expect(site.connections()).toBe(0)
      await expectNobodyHarmed(cookie, 'deadline')
      site.proxy.fault = { kind: 'none' }
      await expectRead(cookie, ['tea', '7'])
      expect(site.proxy.accepted).toBeGreaterThan(1)
    })

    test('that is waited for by a lock: one deadline for the whole call', async () => {
      const site = await start({ deadlineMs: SHORT_MS })
      const { expectRead, expectNobodyHarmed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      const unlock = await site.lock('everything')
      await expectNobodyHarmed(cookie, 'deadline')
      await unlock()
      await expectRead(cookie, ['tea', '7'])
    })

    test('that holds a write back until the deadline: the outcome is unknown, and no cookie is sent', async () => {
      const site = await start({ deadlineMs: SHORT_MS })
      const { expectRead, expectUnwritten } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await expectRead(cookie, ['tea', '7'])
      const unlock = await site.lock('writes')
      await expectUnwritten(cookie, 'outcome_unknown')
      await unlock()
    })

    test('S36: that answers about when the deadline comes gives nobody the answer to another question', async () => {
      const site = await start({ max: 10, deadlineMs: SHORT_MS })
      const { read, expectRead } = requestsOf(site)
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
      const site = await start({ max: 2, deadlineMs: SHORT_MS })
      const { open, expectRead, expectNobodyHarmed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      const leaked = await Promise.all([site.checkOut(), site.checkOut()])
      await expectNobodyHarmed(cookie, 'pool_exhausted')
      await expect(open(cookie).session()).rejects.toThrow(new RegExp(`All 2 connections of the ${name} pool`))
      for (const giveBack of leaked) giveBack()
      await expectRead(cookie, ['tea', '7'])
    })

    test.each(['reset', 'restart', 'termination by the server'])('after a %s: no read fails', async (how) => {
      const site = await start()
      const { read, useEveryConnection } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await useEveryConnection(cookie)
      if (how === 'reset') site.proxy.reset()
      if (how === 'restart') {
        site.proxy.fault = { kind: 'down' }
        site.proxy.fault = { kind: 'none' }
      }
      if (how === 'termination by the server') await site.terminate()
      const reads = Array.from({ length: 12 }, () => read(cookie))
      expect(await Promise.all(reads)).toEqual(reads.map(() => ['tea', '7']))
    })

    test('that ends idle connections of a pool whose errors nobody listens to ends no process', async () => {
      const site = await start()
      const { read, useEveryConnection } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await useEveryConnection(cookie)
      await site.terminate()
      await expect.poll(() => site.connections(), { timeout: 30_000 }).toBe(0)
      expect(await read(cookie)).toEqual(['tea', '7'])
    })

    test('that ends connections under writes: at most one request fails for each', async () => {
      const site = await start()
      const { read, write, useEveryConnection } = requestsOf(site)
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
        const site = await start({ max: 1 })
        const { open, expectRead, expectUser } = requestsOf(site)
        const cookie = await site.login({ cart: 'tea' })
        const seen = { failed: 0, answered: 0 }
        for (let bytes = 1; bytes < 2000; bytes += 97) {
          await expectUser(cookie)
          const django = open(cookie)
          ;(await django.session()).set('cart', bytes)
          site.proxy.fault = { kind: 'cut', direction, afterBytes: bytes }
          const outcome = await Promise.resolve(django.finish(200)).catch((error: unknown) => error)
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
      const site = await start()
      const { open, expectServed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      const django = open(cookie)
      ;(await django.session()).set('cart', 'coffee')
      site.proxy.fault = { kind: 'loseReplies' }
      await expect(django.finish(200)).rejects.toMatchObject(unavailable('outcome_unknown'))
      site.proxy.fault = { kind: 'none' }
      await expectServed(cookie)
    })

    test('that is restarted is waited for: nobody gets an error', async () => {
      const site = await start()
      const { read, write, useEveryConnection } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await useEveryConnection(cookie)
      site.proxy.fault = { kind: 'down' }
      const requests = [...Array.from({ length: 8 }, () => read(cookie)), write(cookie, 'tea')]
      await new Promise((resume) => setTimeout(resume, 200))
      site.proxy.fault = { kind: 'none' }
      expect((await Promise.all(requests)).slice(0, 8)).toEqual(Array.from({ length: 8 }, () => ['tea', '7']))
    })

    test('that takes no writes: it is read, a write is an error', async () => {
      const site = await start({ max: 1 })
      const { read, write, expectUnwritten } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await site.refuseWrites()
      expect(await read(cookie)).toEqual(['tea', '7'])
      await expectUnwritten(cookie, 'read_only')
      // The connection was destroyed: after a failover the next one leads to the new primary.
      expect(await write(cookie, 'coffee')).toHaveLength(1)
      expect(await read(cookie)).toEqual(['coffee', '7'])
    })

    test.each(codes.refusals)('%s: a write is an error, and what was stored stays', async (_, code, reason) => {
      const site = await start()
      const { read, expectUnwritten } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await site.failWrites(code)
      await expectUnwritten(cookie, reason)
      expect(await read(cookie)).toEqual(['tea', '7'])
    })

    test.each(codes.takenBack)('that takes a write back for %s is asked once more', async (_, code) => {
      const site = await start({ max: 1 })
      const { read, write } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await site.failWrites(code, 'every other')
      expect(await write(cookie, 'coffee')).toHaveLength(1)
      expect(await read(cookie)).toEqual(['coffee', '7'])
    })

    test('without a connection left: an error that says so', async () => {
      const site = await start()
      const cookie = await site.login({ cart: 'tea' })
      const other = await site.otherUser({ mayUseTables: true, mostConnections: 1 })
      const giveBack = await other.checkOut()
      const django = openOn(site.bridgeOn(other.client), cookie)
      await expect(django.session()).rejects.toMatchObject(unavailable('too_many_connections'))
      expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
      giveBack()
      expect((await openOn(site.bridgeOn(other.client), cookie).session()).get('cart')).toBe('tea')
    })

    test('that denies the table: an error that says so', async () => {
      const site = await start()
      const cookie = await site.login({ cart: 'tea' })
      const { client } = await site.otherUser({ mayUseTables: false })
      const django = openOn(site.bridgeOn(client), cookie)
      await expect(django.session()).rejects.toMatchObject(unavailable('denied'))
      expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
    })

    test('without the table: an error that says so', async () => {
      const site = await start()
      const { expectNobodyHarmed } = requestsOf(site)
      const cookie = await site.login({ cart: 'tea' })
      await site.run('ALTER TABLE django_session RENAME TO elsewhere')
      await expectNobodyHarmed(cookie, 'missing')
    })
  })
}
