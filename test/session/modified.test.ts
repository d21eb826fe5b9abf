/** `session.modified`, and what deletes a session, as Django's own tests ask for them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SessionInterrupted } from '../../src/errors.ts'
import { type PyTuple, tuple } from '../../src/python/collections.ts'
import type { Session } from '../../src/session/session.ts'
import { makeSite, type Site, sentCookie } from '../site.ts'

let site: Site
beforeEach(async () => {
  site = await makeSite()
})
afterEach(() => site.close())

async function storedValues(key: string): Promise<object> {
  return Object.fromEntries(await site.open(`sessionid=${key}`).session())
}

function push(list: unknown, item: unknown): void {
  ;(list as unknown[]).push(item)
}

describe('a session', () => {
  test('keeps its changes to itself once modified is unset, whatever their kind', async () => {
    const key = await site.store({ a: 1, list: [1], gone: 1, sum: 1 })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    const list = session.get('list') as number[]
    const fresh = { n: 1 }
    session.set('a', 2).set('fresh', fresh)
    session.delete('gone')
    session.transform('sum', (sum) => Number(sum) + 1)
    list.push(2)
    session.modified = false
    const seen = { a: 2, list: [1, 2], sum: 2, fresh: { n: 1 } }
    expect(Object.fromEntries(session)).toEqual(seen)
    expect(session.modified).toBe(false)
    expect(sentCookie(await django.finish(200))).toBeNull()
    expect(await storedValues(key)).toEqual({ a: 1, list: [1], gone: 1, sum: 1 })
  })

  test.each([
    ['a value set', (session: Session) => session.set('b', 1), { b: 1 }],
    [
      'a value changed in place that was changed before',
      (session: Session) => push(session.get('list'), 3),
      { list: [1, 2, 3] },
    ],
    [
      'a value changed in place that was set before',
      (session: Session) => push(session.get('fresh'), 1),
      { fresh: [1] },
    ],
    ['all cleared', (session: Session) => session.clear(), null],
    ['a save by hand', (session: Session) => session.save(), {}],
  ])('saves what was kept back along with a later change: %s', async (_, change, more) => {
    const key = await site.store({ a: 1, list: [1] })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    session.set('a', 2).set('fresh', [])
    push(session.get('list'), 2)
    session.modified = false
    await change(session)
    expect(sentCookie(await django.finish(200))).toBe(key)
    expect(await storedValues(key)).toEqual(more === null ? {} : { a: 2, list: [1, 2], fresh: [], ...more })
  })

  test.each([
    ['a set', () => new Set(['a']), (value: Set<unknown>) => value.add('b')],
    ['a map', () => new Map([[1, 'a']]), (value: Map<unknown, unknown>) => value.set(1, 'b')],
    ['bytes', () => Uint8Array.of(1), (value: Uint8Array) => value.fill(2)],
    ['what is in a tuple', () => tuple([1]), (value: PyTuple) => push(value.at(0), 2)],
  ])('whose pickle holds %s is modified once that was changed in place', async (_, make, change) => {
    const pickles = { SESSION_SERIALIZER: 'site.PickleSerializer' }
    const pickling = await makeSite(pickles)
    const key = await pickling.store({ a: 1 })
    const django = pickling.open(`sessionid=${key}`)
    const session = await django.session()
    session.transform('made', make)
    const made = session.get('made')
    const set = make()
    session.set('set', set)
    await session.save()
    session.set('kept', set)
    session.modified = false
    expect(session.modified).toBe(false)
    change(made as never)
    expect(session.modified).toBe(true)
    session.modified = false
    change(set as never)
    expect(session.modified).toBe(true)
    await django.finish(200)
    const stored = Object.fromEntries(await pickling.open(`sessionid=${key}`).session())
    expect(stored).toEqual({ a: 1, made, set, kept: set })
    await pickling.close()
  })

  test('is saved with what was kept back where every request saves', async () => {
    const everyRequest = await makeSite({ SESSION_SAVE_EVERY_REQUEST: true })
    const key = await everyRequest.store({ a: 1 })
    const django = everyRequest.open(`sessionid=${key}`)
    const session = await django.session()
    session.set('a', 2)
    session.modified = false
    expect(sentCookie(await django.finish(200))).toBe(key)
    expect((await everyRequest.open(`sessionid=${key}`).session()).get('a')).toBe(2)
    await everyRequest.close()
  })

  test('is modified by a flush, and still nothing is stored', async () => {
    const key = await site.store({ a: 1 })
    const django = site.open(`sessionid=${key}`)
    const session = await django.session()
    await session.flush()
    expect([session.modified, session.isEmpty, session.sessionKey]).toEqual([true, true, null])
    expect(sentCookie(await django.finish(200))).toBe('')
    expect(site.rows()).toEqual([])
  })

  test.each([200, 500])('that was stored and deleted by the same request is not sent: status %d', async (status) => {
    const django = site.open()
    const session = await django.session()
    await session.set('a', 1).save()
    await session.deleteStored()
    if (status === 200) await expect(django.finish(status)).rejects.toThrow(SessionInterrupted)
    else expect(sentCookie(await django.finish(status))).toBeNull()
    expect(site.rows()).toEqual([])
  })
})

test('a value that contains itself is refused when it is saved, and not before', async () => {
  const circle: unknown[] = []
  circle.push({ circle })
  const django = site.open(`sessionid=${await site.store({ a: 1 })}`)
  const session = await django.session()
  session.set('circle', circle)
  session.modified = false
  session.transform('other', () => circle)
  expect(session.get('other')).toBe(circle)
  await expect(django.finish(200)).rejects.toMatchObject({ code: 'serialization' })
})
