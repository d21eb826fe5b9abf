import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { djangoSessions, originCheck, requireUser, withUser } from '../../src/adapters/express.ts'
import { loginValues, makeSite, type Site } from '../site.ts'

let site: Site
let app: Express
let base: string
let close: () => void

beforeEach(async () => {
  site = await makeSite({ LOGIN_URL: '/login/' })
  app = express()
  app.use(djangoSessions(site.bridge))
  app.get('/read', async (request, response) => {
    const session = await request.django.session()
    response.json({ cart: session.get('cart') ?? null })
  })
  app.all('/write', originCheck(), async (request, response) => {
    const session = await request.django.session()
    session.set('cart', ['pear'])
    response.redirect('/read')
  })
  app.get('/untouched', (_, response) => {
    response.send('hello')
  })
  app.get('/throws', async (request) => {
    const session = await request.django.session()
    session.set('cart', ['lost'])
    throw new Error('broken page')
  })
  app.get('/streams', async (request, response) => {
    const session = await request.django.session()
    session.set('streamed', true)
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'public, max-age=60' })
    response.write('one ')
    response.write('two ')
    response.end('three')
  })
  app.get('/members', requireUser(), (_, response) => {
    response.send('members only')
  })
  app.get(
    '/me',
    withUser((_, response, user) => response.json({ name: user.username })),
  )
  const answerErrors: ErrorRequestHandler = (error: { status?: number; code?: string }, _, response, _next) => {
    response.status(error.status ?? 500).json({ code: error.code ?? 'error' })
  }
  app.use(answerErrors)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => server.close()
})
afterEach(async () => {
  close()
  await site.close()
})

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(base + path, { method, headers, redirect: 'manual' })
}

describe('the Express adapter', () => {
  test('puts the cookie, Vary and Cache-Control on the response, which comes after the save', async () => {
    const response = await get('/write')
    expect(response.status).toBe(302)
    const [cookie = ''] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^sessionid=[a-z0-9]{32}; expires=/)
    expect(response.headers.get('vary')).toBe('Accept, Cookie')
    expect(response.headers.get('cache-control')).toBe('private')
    const next = await get('/read', { cookie: cookie.split(';')[0] ?? '' })
    expect(await next.json()).toEqual({ cart: ['pear'] })
    expect(next.headers.getSetCookie()).toEqual([])
  })

  test('adds nothing to a response whose handler did not open the session', async () => {
    const response = await get('/untouched', { cookie: `sessionid=${'a'.repeat(32)}` })
    expect([response.headers.get('vary'), response.headers.getSetCookie()]).toEqual([null, []])
  })

  test('keeps the order of a body that was written in pieces, and takes the page out of shared caches', async () => {
    const response = await get('/streams')
    expect(await response.text()).toBe('one two three')
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('cache-control')).toBe('max-age=60, private')
  })

  test('saves nothing when the handler throws', async () => {
    const response = await get('/throws')
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []])
    expect(site.rows()).toEqual([])
  })

  test('turns a save that fails into the error handler’s answer, with nothing of the handler’s left', async () => {
    const key = await site.store({ a: 1 })
    site.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
    const response = await get('/write', { cookie: `sessionid=${key}` })
    expect([response.status, await response.json()]).toEqual([503, { code: 'store_unavailable' }])
    expect([response.headers.get('location'), response.headers.getSetCookie()]).toEqual([null, []])
  })

  test('answers 400 when the session was ended meanwhile', async () => {
    const key = await site.store({ a: 1 })
    site.client.exec('CREATE TRIGGER gone BEFORE UPDATE ON django_session BEGIN DELETE FROM django_session; END')
    const response = await get('/write', { cookie: `sessionid=${key}` })
    expect([response.status, await response.json()]).toEqual([400, { code: 'session_interrupted' }])
  })
})

describe('guards', () => {
  test('requireUser sends a browser to LOGIN_URL and refuses others', async () => {
    const page = await get('/members?a=1&b=2', { accept: 'text/html,*/*' })
    expect([page.status, page.headers.get('location')]).toEqual([302, '/login/?next=/members%3Fa%3D1%26b%3D2'])
    const api = await get('/members', { accept: 'application/json' })
    expect([api.status, await api.json()]).toEqual([401, { code: 'login_required' }])
    expect(api.headers.get('vary')).toContain('Cookie')
  })

  test('requireUser and withUser let a verified user pass', async () => {
    const cookie = `sessionid=${await site.store(loginValues())}`
    expect(await (await get('/members', { cookie })).text()).toBe('members only')
    expect(await (await get('/me', { cookie })).json()).toEqual({ name: 'ada' })
  })

  test('a store that is down is the error handler’s, not a login page', async () => {
    const cookie = `sessionid=${await site.store(loginValues())}`
    site.client.exec('ALTER TABLE django_session RENAME TO elsewhere')
    const response = await get('/members', { cookie, accept: 'text/html' })
    expect([response.status, await response.json()]).toEqual([503, { code: 'store_unavailable' }])
  })

  test.each([
    ['its own origin', (own: string) => ({ origin: own }), 302],
    ['another origin', () => ({ origin: 'https://evil.example' }), 403],
    ['a null origin', () => ({ origin: 'null' }), 403],
    ['no origin', () => ({}), 403],
  ])('originCheck answers a POST with %s', async (_, headers, status) => {
    expect((await get('/write', headers(base) as Record<string, string>, 'POST')).status).toBe(status)
  })
})
