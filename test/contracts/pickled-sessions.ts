/** Node and a live Django on the same pickled sessions: types that JSON has not, and a class that only Python has. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tuple } from '../../src/python/collections.ts'
import { PyDate, PyDateTime, PyTimeDelta } from '../../src/python/dates.ts'
import { PyDecimal, PyUuid } from '../../src/python/numbers.ts'
import { parsePickle, readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { PyTimeZone } from '../../src/python/time-zones.ts'
import { float } from '../../src/python/values.ts'
import type { Session } from '../../src/session/session.ts'
import { type LiveSite, openWith } from '../interop/live-site.ts'
import { describeNode } from '../python/pickle/described-node.ts'

export interface PickledSessions {
  start(): Promise<LiveSite>
  /** What is stored under a session key, as it is. */
  stored(site: LiveSite, key: string): Promise<unknown>
}

const told = (pickle: Uint8Array): unknown => describeNode(readPickle(pickle))

export function describePickledSessions(name: string, { start, stored }: PickledSessions): void {
  describe(`${name}, pickled sessions`, () => {
    let site: LiveSite
    beforeAll(async () => {
      site = await start()
    })
    afterAll(() => site?.stop())
    beforeEach(() => {
      site.django.cookie = null
      site.reports.length = 0
    })

    async function inNode<T>(handler: (session: Session) => T): Promise<T> {
      const django = openWith(site.bridge, site.django.header)
      const answer = handler(await django.session())
      site.django.accept(await django.finish(200))
      return answer
    }

    /** The session as Django sees it, after setting `values` there. */
    async function inDjango(values?: unknown): Promise<Buffer> {
      const body = values === undefined ? undefined : { set: formatPickle(values).toString('hex') }
      const { pickle } = await site.django.json<{ pickle: string }>('/api/pickled-session', body)
      return Buffer.from(pickle, 'hex')
    }

    const everyKind = (): Record<string, unknown> => ({
      since: PyDateTime.from(new Date('2026-07-01T12:00:00.250Z'), PyTimeZone.utc),
      born: new PyDate(1815, 12, 10),
      wait: new PyTimeDelta(1, 2, 3),
      price: new PyDecimal('1.50'),
      order: new PyUuid('0f14d0ab96054a62a9e45ed26688389b'),
      point: tuple<unknown>(1, float(2), 'é'),
      bits: Uint8Array.of(0, 255),
      tags: new Set(['a']),
      byNumber: new Map<unknown, unknown>([
        [1, 'one'],
        [tuple(1, 2), null],
      ]),
      big: 2n ** 80n,
    })

    test('what Node sets, Django has in the same types', async () => {
      await inNode((session) => session.update(everyKind()))
      expect(told(await inDjango())).toEqual(told(formatPickle(everyKind())))
      expect(await site.django.suspiciousSessions()).toBe(0)
    })

    test('what Django sets comes out in Node, and goes back beside a change as it came', async () => {
      const shared = [float(1)]
      const values: Record<string, unknown> = { ...everyKind(), a: { inside: shared }, b: shared }
      await inDjango(values)
      const read = await inNode((session) => {
        ;(session.get('byNumber') as Map<unknown, unknown>).set(3, 'three')
        return Object.fromEntries(session)
      })
      expect(Object.keys(read)).toEqual(Object.keys(values))
      const expected = { ...values, byNumber: new Map([...(values.byNumber as Map<unknown, unknown>), [3, 'three']]) }
      expect(told(await inDjango())).toEqual(told(formatPickle(expected)))
      expect(parsePickle(await inDjango())).toMatchObject({ price: new PyDecimal('1.50'), b: [1] })
      expect(site.reports).toEqual([])
    })

    test('keys that are no text stay, unseen in Node', async () => {
      await inDjango(
        new Map<unknown, unknown>([
          [7, ['seven']],
          ['cart', ['pear']],
        ]),
      )
      expect(await inNode((session) => [...session.set('more', 1).keys()])).toEqual(['cart', 'more'])
      const expected = new Map<unknown, unknown>([
        [7, ['seven']],
        ['cart', ['pear']],
        ['more', 1],
      ])
      expect(told(await inDjango())).toEqual(told(formatPickle(expected)))
    })

    test('a login at Django is known in Node, and its logout ends it', async () => {
      const { pk } = await site.django.login('ada')
      const before = site.django.header
      expect(await openWith(site.bridge, before).user()).toMatchObject({ pk, username: 'ada' })
      await inNode((session) => session.set('seen', tuple(1)))
      expect((await site.django.whoami()).authenticated).toBe(true)
      await site.django.logout()
      expect(await openWith(site.bridge, before).user()).toBeNull()
    })

    test('a value of a class of the site opens with its session, goes back as it came, and is refused to `get` alone', async () => {
      await inDjango({ cart: ['pear'] })
      const key = site.django.cookie ?? ''
      // SafeUUID is an enum that no codec reads.
      const strange = Buffer.from('(dVkind\ncuuid\nSafeUUID\n(K\x00tRs.', 'latin1')
      await site.django.json('/api/pickled-session', { set: strange.toString('hex') })
      const before = await stored(site, key)
      const failure = await inNode((session) => {
        session.set('ours', 1)
        return failureOf(() => session.get('kind'))
      })
      expect(failure).toMatchObject({ code: 'pickle_forbidden', forbidden: 'uuid.SafeUUID' })
      expect(site.django.cookie).toBe(key)
      expect(await stored(site, key)).not.toEqual(before)
      const after = (await inDjango()).toString('latin1')
      expect(['SafeUUID', 'cart', 'ours'].filter((part) => !after.includes(part))).toEqual([])
      expect(site.reports).toEqual([])
    })
  })
}

function failureOf(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return error
  }
}
