/** Requests of a site whose database fails, and what must hold for each of them. */
import { expect } from 'vitest'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import type { FaultySite } from '../databases/faulty-database.ts'

export const unavailable = (reason: string) => ({ code: 'store_unavailable', status: 503, reason })

export function openOn(bridge: Bridge, cookie?: string): DjangoContext {
  return bridge.open({ method: 'GET', url: '/', headers: cookie === undefined ? {} : { cookie }, secure: false })
}

export function requestsOf(site: FaultySite) {
  const open = (cookie?: string): DjangoContext => openOn(site.bridge, cookie)

  /** A request that reads `cart`, and who is logged in. */
  async function read(cookie: string): Promise<unknown[]> {
    const django = open(cookie)
    const cart = (await django.session()).get('cart')
    return [cart, (await django.user())?.pk]
  }

  /** A request that sets `cart`; resolves with the cookies that it sends. */
  async function write(cookie: string, cart: unknown): Promise<string[]> {
    const django = open(cookie)
    ;(await django.session()).set('cart', cart)
    return (await django.finish(200)).cookies.map(({ header }) => header)
  }

  /** Requests that open no session do not know of the fault. */
  async function expectServed(cookie: string): Promise<void> {
    expect(await open(cookie).finish(200)).toEqual({ cookies: [], vary: [] })
    const anonymous = open()
    expect((await anonymous.session()).isEmpty).toBe(true)
    expect(await anonymous.user()).toBeNull()
  }

  /** As many connections in the pool as it may have, all idle. */
  async function fillPool(): Promise<void> {
    const back = await Promise.all(Array.from({ length: site.max }, () => site.checkOut()))
    for (const give of back) give()
  }

  return {
    open,
    read,
    write,
    expectServed,
    /** Sooner or later, once a fault has ended or while the machine is busy. */
    async expectRead(cookie: string, found: unknown[]): Promise<void> {
      await expect.poll(() => read(cookie).catch(() => null), { timeout: 30_000 }).toEqual(found)
    },
    async expectUser(cookie: string): Promise<void> {
      const who = (): Promise<unknown> => read(cookie).then(([, user]) => user)
      await expect.poll(() => who().catch(() => null), { timeout: 30_000 }).toBe('7')
    },
    /** What must hold while sessions cannot be read. */
    async expectNobodyHarmed(cookie: string, reason: string): Promise<void> {
      const django = open(cookie)
      await expect(django.session()).rejects.toMatchObject(unavailable(reason))
      await expect(django.user()).rejects.toMatchObject(unavailable(reason))
      expect(await django.finish(200)).toEqual({ cookies: [], vary: ['Cookie'] })
      await expectServed(cookie)
      expect(site.reports).toEqual([])
    },
    /** A request whose write fails: an error instead of an answer, no cookie, and what was stored stays. */
    async expectUnwritten(cookie: string, reason: string): Promise<void> {
      await expect(write(cookie, 'lost')).rejects.toMatchObject(unavailable(reason))
      await expectServed(cookie)
      expect(site.reports).toEqual([])
    },
    /** Lets the bridge know every connection of the pool. */
    async useEveryConnection(cookie: string): Promise<void> {
      await fillPool()
      await Promise.all(Array.from({ length: 3 * site.max }, () => read(cookie)))
    },
  }
}
