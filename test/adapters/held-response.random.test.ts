/**
 * Random handlers on Node's own response and on a held one: what the client receives is the same, but for the cookie.
 * HTTP/1 alone: some of these steps leave Node's own responses of HTTP/2 stuck or garbled.
 */
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { holdResponse } from '../../src/adapters/held-response.ts'
import { listen } from './served.ts'

/** One thing that a handler does; what it throws is part of what is compared. */
interface Step {
  readonly name: string
  act(response: ServerResponse): unknown
}

const OURS = 'ours=1; Path=/'

const step = (name: string, act: Step['act']): Step => ({ name, act })

const name = fc.constantFrom('X-A', 'x-a', 'X-B', 'Vary', 'Content-Type', 'Set-Cookie')
const value = fc.constantFrom('1', '2', 'Accept', 'text/plain')
const status = fc.constantFrom(200, 201, 204, 304, 404, 500)
const headers = fc.array(fc.tuple(name, value), { maxLength: 4 })
// Alone, Node sends two spellings of a name as two lines, behind a `setHeader` as one.
const objectOf = (list: [string, string][]): Record<string, string> =>
  Object.fromEntries(list.map(([key, one]) => [key.toLowerCase(), one]))
const piece = fc.constantFrom<[string | Uint8Array, BufferEncoding | undefined]>(
  ['text é', undefined],
  ['', undefined],
  ['c2l4', 'base64'],
  ['ff00', 'hex'],
  ['\xe9', 'latin1'],
  [new TextEncoder().encode('bytes'), undefined],
  [new Uint8Array(20_000).fill(97), undefined],
)

const steps = fc.oneof(
  fc
    .tuple(name, value)
    .map(([key, text]) => step(`setHeader ${key}`, (response) => void response.setHeader(key, text))),
  fc
    .tuple(name, value)
    .map(([key, text]) => step(`appendHeader ${key}`, (response) => void response.appendHeader(key, text))),
  name.map((key) => step(`removeHeader ${key}`, (response) => response.removeHeader(key))),
  status.map((code) => step(`statusCode ${code}`, (response) => void Object.assign(response, { statusCode: code }))),
  fc
    .tuple(status, headers)
    .map(([code, list]) =>
      step(`writeHead ${code} an object`, (response) => void response.writeHead(code, objectOf(list))),
    ),
  fc
    .tuple(status, headers)
    .map(([code, list]) => step(`writeHead ${code} a list`, (response) => void response.writeHead(code, list.flat()))),
  fc
    .tuple(status, headers)
    .map(([code, list]) =>
      step(`writeHead ${code} a message`, (response) => void response.writeHead(code, 'So be it', objectOf(list))),
    ),
  // The same status once more is no error on a held response: `compression` does it.
  status.map((code) =>
    step(`writeHead ${code}`, (response) => void (response.headersSent || response.writeHead(code))),
  ),
  {
    weight: 6,
    arbitrary: piece.map(([chunk, encoding]) =>
      step(`write ${encoding}`, (response) => void response.write(chunk, encoding as BufferEncoding)),
    ),
  },
  piece.map(([chunk]) => step('write without a callback', (response) => void response.write(chunk))),
  {
    weight: 2,
    arbitrary: piece.map(([chunk, encoding]) =>
      step(`end ${encoding}`, (response) => void response.end(chunk, encoding as BufferEncoding)),
    ),
  },
  fc.constantFrom(
    step('end', (response) => void response.end()),
    step('flushHeaders', (response) => response.flushHeaders()),
    step('cork', (response) => response.cork()),
    step('uncork', (response) => response.uncork()),
    step('addTrailers', (response) => response.addTrailers({ 'X-Trailer': 'last' })),
    step('ask', (response) => [response.headersSent, response.writableEnded, response.statusCode]),
    step('wait', () => setImmediate()),
    step('write what is none', (response) => response.write(7 as never)),
    step('end with what is none', (response) => void response.end({} as never)),
    step('writeHead 99', (response) => response.writeHead(99)),
  ),
)

interface Seen {
  readonly did: unknown[]
  readonly status: unknown
  readonly headers: Record<string, string[]>
  readonly body: string
  readonly trailers: unknown
}

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean()
})

test('a held response is Node’s own', { timeout: 60_000 }, async () => {
  let script: readonly Step[] = []
  let did: unknown[] = []

  async function perform(response: ServerResponse): Promise<void> {
    // After an `end`, Node tells by an event.
    response.on('error', () => undefined)
    for (const { name: what, act } of [...script, step('end', (it) => void it.end())]) {
      try {
        did.push([what, (await act(response)) ?? null])
      } catch {
        did.push([what, 'thrown'])
      }
    }
  }
  let performed = Promise.resolve()
  const bare = (_: IncomingMessage, response: ServerResponse): void => {
    performed = perform(response)
  }
  const ours = (_: IncomingMessage, response: ServerResponse): void => {
    holdResponse(response, {
      async finish() {
        await setImmediate()
        return { cookies: [{ name: 'ours', value: '1', options: {}, header: OURS }], vary: [] }
      },
      fail: (error) => response.destroy(error as Error),
    })
    performed = perform(response)
  }
  const [bareOrigin = '', ourOrigin = ''] = await Promise.all(
    [bare, ours].map((listener) => {
      const server = createServer(listener)
      cleanups.push(() => server.close())
      return listen(server)
    }),
  )

  const property = fc.asyncProperty(
    fc.array(steps, { maxLength: 12 }),
    fc.constantFrom('GET', 'HEAD'),
    async (chosen, method) => {
      script = chosen
      const both: Seen[] = []
      for (const origin of [bareOrigin, ourOrigin]) {
        did = []
        const received = await ask(origin, method)
        await performed
        both.push({ ...received, did })
      }
      const [expected, seen] = both
      expect(seen).toEqual(expected)
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

async function ask(origin: string, method: string): Promise<Omit<Seen, 'did'>> {
  const request = httpRequest(origin, { method, agent: false })
  // Node's own response, corked at its end, sends pieces behind the last one.
  request.on('error', () => undefined)
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  return {
    status: [response.statusCode, response.statusMessage],
    headers: withoutOurs(response.rawHeaders),
    body,
    trailers: { ...response.trailers },
  }
}

/** Without our cookie and the time; the order of other fields' lines says nothing. */
function withoutOurs(raw: readonly string[]): Record<string, string[]> {
  const kept: Record<string, string[]> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [key = '', line = ''] = [raw[index]?.toLowerCase(), raw[index + 1]]
    if (key !== 'date' && line !== OURS) kept[key] = [...(kept[key] ?? []), line]
  }
  return kept
}
