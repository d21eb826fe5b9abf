import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import expressFive, { type ErrorRequestHandler, type Express } from 'express'
import methodOverride from 'method-override'
import { afterEach, describe, expect, test } from 'vitest'
import { djangoSessions, originCheck, requireUser, withUser } from '../../src/adapters/express.ts'
import type { Bridge } from '../../src/bridge.ts'
import { adapterContract, type Pages, type ServedPages } from '../contracts/adapter.ts'
import { loginValues, makeSite, type Site } from '../site.ts'
import { errorAnswer, overHttp1, sendAnswer } from './served.ts'

const expressFour = createRequire(import.meta.url)('express-4') as typeof expressFive
const EXPRESSES = [
  ['Express 4', expressFour],
  ['Express 5', expressFive],
] as const

const answerErrors: ErrorRequestHandler = (error, _, response, _next) => {
  const { status, body } = errorAnswer(error)
  response.status(status).json(body)
}

function appOf(
  express: typeof expressFive,
  bridge: Bridge,
  { open = {}, members = {}, ownOrigin = {} }: Pages,
): Express {
  const app = express().set('etag', false).use(djangoSessions(bridge))
  for (const [path, page] of Object.entries(open)) {
    app.all(path, async (request, response, next) => {
      try {
        await sendAnswer(response, await page(request.django))
      } catch (error) {
        // Express 4 leaves it to the handler.
        next(error)
      }
    })
  }
  for (const [path, page] of Object.entries(members)) {
    app.all(
      path,
      withUser((request, response, user) => sendAnswer(response, page(request.django, user))),
    )
  }
  for (const [path, page] of Object.entries(ownOrigin)) {
    app.all(path, originCheck(), (request, response) => sendAnswer(response, page(request.django)))
  }
  return app.use(answerErrors)
}

describe.each(EXPRESSES)('%s', (_, express) => {
  adapterContract((bridge, pages) => overHttp1(createServer(appOf(express, bridge, pages))))
})

describe.each(EXPRESSES)('in %s’s own words', (_, express) => {
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean()
  })

  async function start(build: (app: Express) => void): Promise<ServedPages & { site: Site }> {
    const site = await makeSite({ LOGIN_URL: '/login/' })
    const app = express().use(djangoSessions(site.bridge))
    build(app)
    const served = await overHttp1(createServer(app.use(answerErrors)))
    cleanups.push(site.close, served.close)
    return { site, ...served }
  }

  test('originCheck judges the method that Express routes by', async () => {
    const { request } = await start((app) => {
      app.use(methodOverride('X-HTTP-Method-Override', { methods: ['GET', 'POST'] }))
      app.delete('/item', originCheck(), (_, response) => response.send('deleted'))
      app.get('/item', originCheck(), (_, response) => response.send('read'))
    })
    const ask = async (method: string, override: string, origin: object) => {
      const headers = { 'x-http-method-override': override, ...origin }
      return (await request('/item', { method, headers })).text
    }
    expect(await ask('GET', 'GET', {})).toBe('read')
    expect(await ask('GET', 'DELETE', {})).toBe('{"code":"origin_missing"}')
    expect(await ask('GET', 'DELETE', { origin: 'https://evil.test' })).toBe('{"code":"origin_mismatch"}')
    expect(await ask('POST', 'DELETE', { origin: 'https://evil.test' })).toBe('{"code":"origin_mismatch"}')
  })

  test('requireUser judges the method that Express routes by', async () => {
    const { request } = await start((app) => {
      app.use(methodOverride('X-HTTP-Method-Override', { methods: ['GET'] }))
      app.delete('/item', requireUser(), (_, response) => response.send('deleted'))
    })
    const headers = { accept: 'text/html', 'x-http-method-override': 'DELETE' }
    expect((await request('/item', { headers })).status).toBe(401)
  })

  test('redirect() and json() are held and carry the cookie', async () => {
    const { request } = await start((app) => {
      app.get('/write', async (request, response) => {
        const session = await request.django.session()
        session.set('cart', ['pear'])
        response.redirect('/read')
      })
      app.get('/read', async (request, response) => {
        const session = await request.django.session()
        response.json({ cart: session.get('cart') })
      })
    })
    const { status, headers } = await request('/write')
    expect([status, headers.get('location'), headers.get('vary')]).toEqual([302, '/read', 'Accept, Cookie'])
    const [cookie = ''] = headers.getSetCookie()[0]?.split(';') ?? []
    expect((await request('/read', { headers: { cookie } })).text).toBe('{"cart":["pear"]}')
  })

  test('sendFile() streams a file whole, and answers that it has not changed, with the cookie', async () => {
    const { request } = await start((app) => {
      app.get('/file', async (request, response) => {
        const session = await request.django.session()
        session.set('downloads', 1)
        response.sendFile(import.meta.filename)
      })
    })
    const file = await request('/file')
    expect(file.text).toBe(readFileSync(import.meta.filename, 'utf8'))
    expect([file.headers.getSetCookie().length, file.headers.get('cache-control')]).toEqual([1, 'max-age=0, private'])
    // Without the second header, fetch asks for no answer from a cache.
    const known = { 'if-none-match': file.headers.get('etag') ?? '', 'cache-control': 'max-age=60' }
    const again = await request('/file', { headers: known })
    expect([again.status, again.text, again.headers.getSetCookie().length]).toEqual([304, '', 1])
  })

  test.each(['a router', 'another app'])(
    'a save that fails in %s goes to the error handler of the app',
    async (where) => {
      const { site, request } = await start((app) => {
        const part = where === 'a router' ? express.Router() : express()
        part.get('/write', async (incoming, response) => {
          const session = await incoming.django.session()
          session.set('a', 2)
          response.redirect('/next')
        })
        app.use('/part', part)
      })
      const cookie = `sessionid=${await site.store({ a: 1 })}`
      site.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
      const { status, headers, text } = await request('/part/write', { headers: { cookie } })
      expect([status, text, headers.get('location')]).toEqual([503, '{"code":"store_unavailable"}', null])
    },
  )

  test('requireUser() stands before a handler', async () => {
    const { site, request } = await start((app) => {
      app.get('/members', requireUser(), (_, response) => {
        response.send('members only')
      })
    })
    const cookie = `sessionid=${await site.store(loginValues())}`
    expect((await request('/members', { headers: { cookie } })).text).toBe('members only')
    const page = await request('/members', { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('location')]).toEqual([302, '/login/?next=/members'])
  })

  test('what a handler of withUser() rejects with goes to the error handler', async () => {
    const { site, request } = await start((app) => {
      app.get(
        '/members',
        withUser(async () => {
          throw Object.assign(new Error('broken page'), { status: 418, code: 'teapot' })
        }),
      )
    })
    const cookie = `sessionid=${await site.store(loginValues())}`
    const { status, text } = await request('/members', { headers: { cookie } })
    expect([status, text]).toEqual([418, '{"code":"teapot"}'])
  })

  test('S31: `trust proxy` of Express is believed where the settings name no header', async () => {
    const { origin, request } = await start((app) => {
      app.set('trust proxy', true)
      app.post('/', originCheck(), (_, response) => {
        response.send('done')
      })
    })
    const headers = { origin: origin.replace('http:', 'https:'), 'x-forwarded-proto': 'https' }
    expect((await request('/', { method: 'POST', headers })).status).toBe(200)
    expect((await request('/', { method: 'POST', headers: { ...headers, 'x-forwarded-proto': 'http' } })).status).toBe(
      403,
    )
  })
})
