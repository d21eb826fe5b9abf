import { createServer, type RequestListener } from 'node:http'
import { toNodeHandler } from 'srvx/node'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type DjangoHandler,
  type DjangoSessionsOptions,
  djangoSessions,
  originCheck,
  withUser,
} from '../../src/adapters/fetch.ts'
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import { type Answer, adapterContract, type Pages, type ServedPages } from '../contracts/adapter.ts'
import { makeSite, type Site } from '../site.ts'
import { errorAnswer, mapValues, overHttp1 } from './served.ts'

const ORIGIN = 'http://shop.example'

function responseOf({ status = 200, headers = [], body }: Answer): Response {
  const stream =
    typeof body === 'object' ? ReadableStream.from(body).pipeThrough(new TextEncoderStream()) : (body ?? null)
  return new Response(stream, { status, headers: headers.map(([name, value]) => [name, value]) })
}

/** Requests as a server passes them on: a HEAD's body is not sent. */
function asking(handler: (request: Request) => Promise<Response>): ServedPages {
  return {
    origin: ORIGIN,
    async request(path, init = {}) {
      const response = await handler(new Request(ORIGIN + path, init))
      const text = await response.text()
      return { status: response.status, headers: response.headers, text: init.method === 'HEAD' ? '' : text }
    },
    close: async () => undefined,
  }
}

const onError: NonNullable<DjangoSessionsOptions['onError']> = (error) => {
  const { status, body } = errorAnswer(error)
  return Response.json(body, { status })
}

function listener(bridge: Bridge, pages: Pages): (request: Request) => Promise<Response> {
  const handlers: Record<string, DjangoHandler> = {
    ...mapValues(
      pages.open,
      (page): DjangoHandler =>
        async (_, django) =>
          responseOf(await page(django)),
    ),
    ...mapValues(pages.members, (page) => withUser((_, user, django) => responseOf(page(django, user)))),
    ...mapValues(pages.ownOrigin, (page) => originCheck((_, django) => responseOf(page(django)))),
  }
  const route: DjangoHandler = (request, django) =>
    handlers[new URL(request.url).pathname]?.(request, django) ?? new Response(null, { status: 404 })
  return djangoSessions(bridge, route, { onError })
}

describe('fetch, called', () => {
  adapterContract(async (bridge, pages) => asking(listener(bridge, pages)))
})

describe('fetch, served', () => {
  adapterContract((bridge, pages) => overHttp1(createServer(toNodeHandler(listener(bridge, pages)) as RequestListener)))
})

describe('a handler from Request to Response', () => {
  let site: Site
  afterEach(() => site.close())

  async function ask<Rest extends readonly unknown[]>(
    handler: DjangoHandler<Rest>,
    { init = {}, options = {}, rest }: { init?: RequestInit; options?: DjangoSessionsOptions; rest: Rest },
  ): Promise<Response> {
    return djangoSessions<Rest>(site.bridge, handler, options)(new Request(`${ORIGIN}/page`, init), ...rest)
  }

  async function change(django: DjangoContext): Promise<void> {
    const session = await django.session()
    session.set('seen', true)
  }

  async function withFailingSave(): Promise<RequestInit> {
    site = await makeSite()
    const key = await site.store({ a: 1 })
    site.client.exec("CREATE TRIGGER refuse BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, 'no'); END")
    return { headers: { cookie: `sessionid=${key}` } }
  }

  test('returns its own Response, not a copy, when the session was not touched', async () => {
    site = await makeSite()
    const own = new Response('mine')
    expect(await ask(() => own, { rest: [] })).toBe(own)
  })

  test('may return one Response to everybody: nobody’s cookie stays on it', async () => {
    site = await makeSite()
    const shared = new Response(null, { status: 204 })
    const handler: DjangoHandler = async (_, django) => {
      await change(django)
      return shared
    }
    const [one, two] = [await ask(handler, { rest: [] }), await ask(handler, { rest: [] })]
    expect([one.headers.getSetCookie().length, two.headers.getSetCookie().length]).toEqual([1, 1])
    expect([...shared.headers]).toEqual([])
  })

  test('may return a Response whose headers cannot be changed', async () => {
    site = await makeSite()
    const response = await ask(
      async (_, django) => {
        await change(django)
        return Response.redirect(`${ORIGIN}/next`, 303)
      },
      { rest: [] },
    )
    expect([response.status, response.headers.get('location')]).toEqual([303, `${ORIGIN}/next`])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test('may throw its Response, and the session is saved', async () => {
    site = await makeSite()
    const response = await ask(
      async (_, django) => {
        await change(django)
        throw Response.redirect(`${ORIGIN}/next`)
      },
      { rest: [] },
    )
    expect([response.status, response.headers.getSetCookie().length, site.rows().length]).toEqual([302, 1, 1])
  })

  test('is given what else the framework gives, guards included', async () => {
    site = await makeSite()
    const response = await ask(
      originCheck<[{ id: string }, number]>(
        (request, _, { id }, count) => new Response(`${request.url} ${id} ${count}`),
      ),
      { rest: [{ id: 'seven' }, 8] },
    )
    expect(await response.text()).toBe(`${ORIGIN}/page seven 8`)
  })

  test('rejects with its own error, and saves nothing, where no onError answers', async () => {
    site = await makeSite()
    const answer = ask(
      async (_, django) => {
        await change(django)
        throw new RangeError('broken page')
      },
      { rest: [] },
    )
    await expect(answer).rejects.toThrow(new RangeError('broken page'))
    expect(site.rows()).toEqual([])
  })

  test.each([
    ['Response.error()', async () => Response.error()],
    [
      'a Response whose body was read',
      async () => {
        const response = new Response('read')
        await response.text()
        return response
      },
    ],
  ])('that gives %s rejects, and saves nothing', async (_, give) => {
    site = await makeSite()
    const answer = ask(
      async (_request, django) => {
        await change(django)
        return give()
      },
      { rest: [] },
    )
    await expect(answer).rejects.toThrow(TypeError)
    expect(site.rows()).toEqual([])
  })

  test('whose save fails rejects with the error, and its stream is let go', async () => {
    const init = await withFailingSave()
    const reasons: unknown[] = []
    const body = new ReadableStream({
      cancel(reason) {
        reasons.push(reason)
      },
    })
    const answer = ask(
      async (_, django) => {
        await change(django)
        return new Response(body)
      },
      { init, rest: [] },
    )
    const unavailable = { code: 'store_unavailable', status: 503 }
    await expect(answer).rejects.toMatchObject(unavailable)
    expect(reasons).toEqual([expect.objectContaining(unavailable)])
  })

  test('that returns a Response with a locked body goes to onError, with the cookie of what it has done', async () => {
    site = await makeSite()
    const cookie = `sessionid=${await site.store({ a: 1 })}`
    const errors: unknown[] = []
    const response = await ask(
      async (_, django) => {
        await (await django.session()).flush()
        const locked = new Response('of the answer')
        locked.body?.getReader()
        return locked
      },
      {
        init: { headers: { cookie } },
        rest: [],
        options: {
          onError(error) {
            errors.push(error)
            return new Response('error page', { status: 500 })
          },
        },
      },
    )
    expect([response.status, await response.text()]).toEqual([500, 'error page'])
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^sessionid=""; expires=Thu, 01/)])
    expect(errors).toEqual([expect.any(TypeError)])
  })

  test('whose body is locked while the session is saved goes to onError, with the cookie of the save', async () => {
    site = await makeSite()
    const given = new Response('of the answer')
    const response = await ask(
      async (_, django) => {
        await change(django)
        void django.session().then(async () => {
          await null
          given.body?.getReader()
        })
        return given
      },
      { rest: [], options: { onError: () => new Response('error page', { status: 500 }) } },
    )
    expect([response.status, await response.text(), site.rows().length]).toEqual([500, 'error page', 1])
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(new RegExp(`^sessionid=${site.rows()[0]?.session_key};`)),
    ])
  })

  test('whose onError fails rejects with that', async () => {
    const init = await withFailingSave()
    const answer = ask(
      async (_, django) => {
        await change(django)
        return new Response()
      },
      {
        init,
        rest: [],
        options: {
          onError() {
            throw new Error('broken error page')
          },
        },
      },
    )
    await expect(answer).rejects.toThrow('broken error page')
  })

  test('is saved also when the client has gone', async () => {
    site = await makeSite()
    const client = new AbortController()
    await ask(
      async (_, django) => {
        await change(django)
        client.abort()
        return new Response()
      },
      { init: { signal: client.signal }, rest: [] },
    )
    expect(site.rows()).toHaveLength(1)
  })

  test('knows the host of the address, unless a Host header says another, and HTTPS from the address', async () => {
    site = await makeSite()
    const seen: unknown[] = []
    const handler = djangoSessions(site.bridge, (_, { request: { headers, url, secure, method } }) => {
      seen.push([headers.host, method, url, secure])
      return new Response()
    })
    await handler(new Request('https://a.example:8443/x/?y=z#f', { method: 'POST' }))
    await handler(new Request('http://a.example/', { headers: { host: 'b.example' } }))
    expect(seen).toEqual([
      ['a.example:8443', 'POST', '/x/?y=z', true],
      ['b.example', 'GET', '/', false],
    ])
  })

  test('reads several Cookie fields as one', async () => {
    site = await makeSite()
    const headers = new Headers()
    headers.append('cookie', 'a=1')
    headers.append('cookie', `sessionid=${await site.store({ a: 1 })}`)
    const response = await ask(async (_, django) => Response.json((await django.session()).get('a')), {
      init: { headers },
      rest: [],
    })
    expect(await response.json()).toBe(1)
  })
})
