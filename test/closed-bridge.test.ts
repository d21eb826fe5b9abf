/** After `bridge.close()`: whoever asks for a session gets an error, nothing is opened, and nobody else notices. */
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createBridge } from '../src/bridge.ts'
import type { DjangoContext } from '../src/context.ts'
import { loginValues, makeSite, SECRET_KEY } from './site.ts'

const CLOSED = { code: 'store_unavailable', reason: 'closed', status: 503, message: expect.stringContaining('closed') }

test.each<[string, (django: DjangoContext) => Promise<unknown>]>([
  ['session()', (django) => django.session()],
  ['user()', (django) => django.user()],
  ['auth()', (django) => django.auth()],
])('%s of a request after close() rejects', async (_, ask) => {
  const site = await makeSite()
  const cookie = `sessionid=${await site.store(loginValues())}`
  await site.open(cookie).user()
  await site.bridge.close()
  await expect(ask(site.open(cookie))).rejects.toMatchObject(CLOSED)
  await expect(ask(site.open())).rejects.toMatchObject(CLOSED)
  await site.close()
})

test('check() and clearExpired() reject after close(), and close() may be called again', async () => {
  const site = await makeSite()
  await site.bridge.close()
  await site.bridge.close()
  await expect(site.bridge.check()).rejects.toMatchObject(CLOSED)
  await expect(site.bridge.clearExpired()).rejects.toMatchObject(CLOSED)
  await site.close()
})

test('a request that never asks for its session is answered, with claims and a dead cookie’s deletion', async () => {
  const site = await makeSite({ SESSION_SAVE_EVERY_REQUEST: false })
  const cookie = `sessionid=${await site.store({ a: 1 })}`
  await site.bridge.close()
  const django = site.open(cookie)
  expect([django.claims, await django.finish(200)]).toEqual([null, { cookies: [], vary: ['Cookie'] }])
  expect((await site.open('sessionid=short').finish(200)).cookies).toMatchObject([{ value: '' }])
  await site.close()
})

test('a request that was under way when the bridge was closed gets an error, and opens no connection', async () => {
  const site = await makeSite()
  const cookie = `sessionid=${await site.store(loginValues())}`
  const django = site.open(cookie)
  const session = await django.session()
  session.set('late', 1)
  await site.bridge.close()
  await expect(django.user()).rejects.toMatchObject(CLOSED)
  await expect(session.save()).rejects.toMatchObject(CLOSED)
  await expect(session.load()).rejects.toMatchObject(CLOSED)
  await expect(django.finish(200)).rejects.toMatchObject(CLOSED)
  await site.close()
})

test('a bridge that is closed before it connected never connects', async () => {
  let asked = 0
  const clients = {
    databases: {
      get default() {
        asked++
        return new DatabaseSync(':memory:')
      },
    },
  }
  const bridge = createBridge({ SECRET_KEY, DEBUG: true }, { clients, hooks: { onSuspicious: () => undefined } })
  const before = asked
  await bridge.close()
  const django = bridge.open({ method: 'GET', url: '/', headers: {}, secure: false })
  await expect(django.session()).rejects.toMatchObject(CLOSED)
  expect(asked).toBe(before)
})
