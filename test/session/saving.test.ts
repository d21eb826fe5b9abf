/** What a handler does while, before and after a save of its own; and what others did meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Session } from '../../src/session/session.ts'
import { loginValues, makeSite, type Site, sentCookie } from '../site.ts'

const OLD_KEY = 'the key before the present one, long enough'

let site: Site
/** Runs once, in the middle of the next write: what is saved is settled, and not yet stored. */
let during: (() => unknown) | null
beforeEach(async () => {
  during = null
  const columns = () => {
    const act = during
    during = null
    act?.()
    return {}
  }
  site = await makeSite({ SECRET_KEY_FALLBACKS: [OLD_KEY] }, { options: { sessionTable: { columns } } })
})
afterEach(() => site.close())

async function stored(key: string): Promise<Record<string, unknown>> {
  return Object.fromEntries(await site.open(`sessionid=${key}`).session())
}

/** A request on a session with these values. */
async function opened(values: Record<string, unknown>) {
  const key = await site.store(values)
  const django = site.open(`sessionid=${key}`)
  return { key, django, session: await django.session() }
}

/** What another request does to the same session, from beginning to end. */
async function elsewhere(key: string, act: (session: Session) => unknown): Promise<void> {
  const django = site.open(`sessionid=${key}`)
  await act(await django.session())
  await django.finish(200)
}

describe('while a save is under way', () => {
  test('clearing the session clears what is being saved', async () => {
    const { key, django, session } = await opened({ a: 1 })
    session.set('list', [1])
    during = () => session.clear()
    await session.save()
    expect([session.get('list'), [...session.keys()]]).toEqual([undefined, []])
    await django.finish(200)
    expect(await stored(key)).toEqual({})
  })

  test('clearing it again clears it again', async () => {
    const { key, django, session } = await opened({ a: 1 })
    session.clear()
    session.set('b', 2)
    during = () => session.clear()
    await session.save()
    await django.finish(200)
    expect(await stored(key)).toEqual({})
  })

  test('a value that is changed in place, set again or deleted is saved so at the end', async () => {
    const { key, django, session } = await opened({ list: [1], gone: 1, again: 1 })
    const list = session.get('list') as number[]
    list.push(2)
    session.set('gone', 2).set('again', 2)
    during = () => {
      list.push(3)
      session.delete('gone')
      session.set('again', 3)
    }
    await session.save()
    await django.finish(200)
    expect(await stored(key)).toEqual({ list: [1, 2, 3], again: 3 })
  })

  test('a login found to need the new key’s hash gets a new session key too', async () => {
    const { key, django, session } = await opened(loginValues('7', OLD_KEY))
    session.set('a', 1)
    let user: Promise<unknown> = Promise.resolve()
    during = () => {
      user = django.user()
    }
    await session.save()
    expect(await user).not.toBeNull()
    const sent = sentCookie(await django.finish(200)) ?? ''
    expect(sent).not.toBe(key)
    expect(await stored(sent)).toEqual({ ...loginValues('7'), a: 1 })
    expect(await stored(key)).toEqual({})
  })
})

describe('after a save', () => {
  test('a value that a transformation gave and that is then changed in place is saved', async () => {
    const { key, django, session } = await opened({ list: ['a'] })
    session.transform('list', (list) => [...(list as string[]), 'b'])
    const list = session.get('list') as string[]
    await session.save()
    list.push('c')
    expect(session.get('list')).toBe(list)
    await django.finish(200)
    expect(await stored(key)).toEqual({ list: ['a', 'b', 'c'] })
  })

  test('one that was not changed leaves what others wrote alone', async () => {
    const { key, django, session } = await opened({ list: ['a'] })
    session.transform('list', (list) => [...(list as string[]), 'b'])
    session.get('list')
    await elsewhere(key, (other) => other.transform('list', (list) => [...(list as string[]), 'theirs']))
    await session.save()
    session.set('more', 1)
    await django.finish(200)
    expect(await stored(key)).toEqual({ list: ['a', 'theirs', 'b'], more: 1 })
  })

  test('nothing is saved on an error, and what was saved stays', async () => {
    const { key, django, session } = await opened({ a: 1 })
    session.set('a', 2)
    await session.save()
    session.set('a', 3)
    expect(sentCookie(await django.finish(500))).toBe(key)
    expect(await stored(key)).toEqual({ a: 2 })
  })
})

describe('a transformation that gives nothing', () => {
  test('takes the value away, at once and when it is saved', async () => {
    const { key, django, session } = await opened({ a: 1, b: 2 })
    session.transform('a', () => undefined)
    expect([session.has('a'), [...session.keys()], session.size]).toEqual([false, ['b'], 1])
    expect(session.pop('a', 'fallback')).toBe('fallback')
    await django.finish(200)
    expect(await stored(key)).toEqual({ b: 2 })
  })
})

describe('S4: a logout elsewhere', () => {
  test('is not undone by a new session that is made in its place', async () => {
    const { key, django, session } = await opened({ ...loginValues('7', OLD_KEY), secret: 1 })
    expect(await django.user()).not.toBeNull()
    session.set('cart', ['pear'])
    await elsewhere(key, (other) => other.flush())
    await session.cycleKey({ whenGone: 'create' })
    const made = session.sessionKey
    session.set('more', 1)
    const sent = sentCookie(await django.finish(200)) ?? ''
    expect(sent).toBe(made)
    expect(await stored(sent)).toEqual({ cart: ['pear'], more: 1 })
    expect(await site.open(`sessionid=${sent}`).auth()).toEqual({ status: 'anonymous', reason: 'not_logged_in' })
  })

  test('does not keep a login made in this request out of the new session', async () => {
    const { key, django, session } = await opened({ cart: ['pear'] })
    session.update(loginValues())
    await elsewhere(key, (other) => other.flush())
    await session.cycleKey({ whenGone: 'create' })
    const sent = sentCookie(await django.finish(200)) ?? ''
    expect(await site.open(`sessionid=${sent}`).user()).not.toBeNull()
  })

  test('shows nothing of what is gone in the session that is made in its place', async () => {
    const { key, django, session } = await opened({ ...loginValues(), cart: ['tea'], note: { text: 'a' } })
    expect([await django.user(), session.get('cart')]).toEqual([expect.anything(), ['tea']])
    const note = session.get('note') as { text: string }
    note.text = 'b'
    await elsewhere(key, (other) => other.flush())
    await session.cycleKey({ whenGone: 'create' })
    expect(Object.fromEntries(session)).toEqual({ note: { text: 'b' } })
    expect(session.get('cart')).toBeUndefined()
    expect(await django.user()).toBeNull()
    note.text = 'c'
    const sent = sentCookie(await django.finish(200)) ?? ''
    expect(await stored(sent)).toEqual({ note: { text: 'c' } })
  })

  test('is told to a handler that asks for a new key, though a rotation was due', async () => {
    const { key, django, session } = await opened(loginValues('7', OLD_KEY))
    expect(await django.user()).not.toBeNull()
    await elsewhere(key, (other) => other.flush())
    await expect(session.cycleKey()).rejects.toMatchObject({ code: 'session_interrupted' })
    expect(site.rows()).toEqual([])
  })
})

describe('two requests at once', () => {
  test('a login is taken whole from the one that made it last', async () => {
    const { key, django, session } = await opened({ a: 1 })
    session.update(loginValues())
    await elsewhere(key, (other) => other.update({ ...loginValues('8'), cart: 1 }))
    await django.finish(200)
    expect(await stored(key)).toEqual({ a: 1, cart: 1, ...loginValues('7') })
  })

  test('one that only deletes a part of a login does not leave the other’s half', async () => {
    const { key, django, session } = await opened(loginValues('7'))
    session.delete('_auth_user_hash')
    await elsewhere(key, (other) => other.update(loginValues('8')))
    await django.finish(200)
    const { _auth_user_hash, ...rest } = await stored(key)
    expect([_auth_user_hash, rest._auth_user_id]).toEqual([undefined, '7'])
  })

  test('what one changed in place wins over the other’s deletion; what it only read does not', async () => {
    const { key, django, session } = await opened({ changed: [1], read: [1] })
    ;(session.get('changed') as number[]).push(2)
    session.get('read')
    await elsewhere(key, (other) => [other.delete('changed'), other.delete('read')])
    await django.finish(200)
    expect(await stored(key)).toEqual({ changed: [1, 2] })
  })
})
