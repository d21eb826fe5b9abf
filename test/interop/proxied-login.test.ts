/**
 * A Node app in front of Django, by the package http-proxy-middleware: Django's Set-Cookie is the one that the browser
 * gets, whatever cookie came and whatever the settings save.
 */
import { Agent, createServer } from 'node:http'
import express, { type Express } from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { djangoSessions } from '../../src/adapters/express.ts'
import { djangoSessions as fetchSessions } from '../../src/adapters/fetch.ts'
import { djangoSessions as nodeSessions } from '../../src/adapters/node.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { overHttp1 } from '../adapters/served.ts'
import type { ServedPages } from '../contracts/adapter.ts'
import { DjangoClient, type LiveSite, sitesToTest, startLiveSite } from './live-site.ts'

const NOT_NEEDED = { missing: 'not needed here' }
const sites = sitesToTest(inject('djangos'), { postgres: NOT_NEEDED, mysql: NOT_NEEDED })
const [where] = sites.slice(-1)
const SETTINGS: Readonly<Record<string, Partial<DjangoSettings>>> = {
  'a plain cookie': {},
  'a JWT cookie': { DJANGO_SESSION_JWT: { FIELDS: [['id', 'id', 'user_id'], 'email'], EXPIRES: 3600 } },
}

/** Django's development server closes each connection, also one that was just taken for the next request. */
const agent = new Agent({ keepAlive: false })

type Serve = (bridge: Bridge, target: string, opens: boolean) => Promise<ServedPages>

const SERVERS: Readonly<Record<string, Serve>> = {
  Express: (bridge, target, opens) => {
    const app: Express = express().use(djangoSessions(bridge))
    if (opens) {
      app.use(async (request, _, next) => {
        await request.django.user()
        next()
      })
    }
    return overHttp1(createServer(app.use(createProxyMiddleware({ target, agent }) as never)))
  },
  'node:http': (bridge, target, opens) => {
    const proxy = createProxyMiddleware({ target, agent })
    const listener = nodeSessions(bridge, async (request, response, django) => {
      if (opens) await django.user()
      await proxy(request, response)
    })
    return overHttp1(createServer(listener))
  },
  fetch: async (bridge, target, opens) => {
    const handler = fetchSessions(bridge, async (request, django) => {
      if (opens) await django.user()
      const { pathname } = new URL(request.url)
      const { method, headers, body } = request
      return fetch(target + pathname, { method, headers, body, redirect: 'manual', ...(body && { duplex: 'half' }) })
    })
    // As `toNodeHandler` does it, small: the requests here have short bodies.
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const { host: _, connection: __, ...rest } = request.headers
      const body = chunks.length > 0 ? Buffer.concat(chunks) : null
      const asked = new Request(`http://localhost${request.url}`, {
        method: request.method ?? 'GET',
        headers: rest as never,
        body,
      })
      const answer = await handler(asked)
      response.writeHead(answer.status, [...answer.headers].flat())
      response.end(await answer.text())
    })
    return overHttp1(server)
  },
}

if (where === undefined) test.skip('a login through a proxy (no Django)', () => {})
else {
  describe.each(Object.entries(SETTINGS))('a login in Django through a proxy in Node, with %s', (_, settings) => {
    let live: LiveSite
    beforeAll(async () => {
      live = await startLiveSite(where, settings)
      await live.django.user({ username: 'ada', password: 'x' })
    })
    afterAll(() => live.stop())

    const cases = Object.keys(SERVERS).flatMap((server) =>
      [false, true].flatMap((isEverySaved) => [false, true].map((opens) => ({ server, isEverySaved, opens }))),
    )
    test.each(cases)(
      '$server, SESSION_SAVE_EVERY_REQUEST $isEverySaved, the session opened by Node: $opens',
      async (one) => {
        const bridge = live.bridgeWith({ ...settings, SESSION_SAVE_EVERY_REQUEST: one.isEverySaved })
        const served = await SERVERS[one.server]?.(bridge, live.django.url, one.opens)
        if (served === undefined) throw new Error('No such server.')
        const stale = [null, 'a'.repeat(32), 'short', await deadCookie(live)]
        for (const cookie of stale) {
          const browser = new DjangoClient(served.origin)
          browser.cookie = cookie
          expect(await browser.login('ada')).toMatchObject({ authenticated: true, username: 'ada' })
          expect(sessionCookies(browser)).toEqual([expect.stringMatching(/^sessionid=[^;"]{20,};/)])
          expect(await browser.whoami()).toMatchObject({ authenticated: true })
          // Logged in once more: Django gives the session a new key while Node has read the old one.
          expect(await browser.login('ada')).toMatchObject({ authenticated: true })
          expect(sessionCookies(browser)).toHaveLength(1)
          expect(await browser.whoami()).toMatchObject({ authenticated: true })
          await browser.logout()
          expect(sessionCookies(browser)).toEqual([expect.stringMatching(/^sessionid=.*; Max-Age=0; /)])
          browser.cookie = null
          expect(await browser.whoami()).toMatchObject({ authenticated: false })
        }
        await served.close()
      },
    )
  })
}

function sessionCookies({ setCookies }: DjangoClient): string[] {
  return setCookies.filter((line) => line.startsWith('sessionid='))
}

/** The cookie of a session that was logged out elsewhere. */
async function deadCookie(live: LiveSite): Promise<string | null> {
  const browser = new DjangoClient(live.django.url)
  await browser.login('ada')
  const { cookie } = browser
  await browser.logout()
  return cookie
}
