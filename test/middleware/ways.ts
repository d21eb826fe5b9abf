/** The ways to answer that every middleware is tried with: what the server does, and what a client asks. */
import { once } from 'node:events'
import { createReadStream, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response as ExpressResponse } from 'express'
import type { Asked, Client, Received } from './exchange.ts'

export const FOLDER = mkdtempSync(join(tmpdir(), 'middleware-'))
export const FILE = join(FOLDER, 'lines.txt')
const LINES = Array.from({ length: 20_000 }, (_, number) => `line ${number}\n`).join('')
writeFileSync(FILE, LINES)

const PIECES = Array.from({ length: 12 }, (_, number) => `piece ${number} `.repeat(4_000))
const LONG = 'a text long enough to be compressed '.repeat(100)

/** Of both versions of HTTP, in the words of the first. `flush` is of `compression`. */
type Response = ServerResponse & { flush?: () => void }

export interface Way {
  readonly name: string
  /** What the server does at `/<name>`; what it throws is answered by `answerError`. */
  readonly answer?: (request: IncomingMessage & { body?: unknown }, response: Response) => unknown
  /** What Express has its own word for. */
  readonly express?: (request: IncomingMessage & { body?: unknown }, response: ExpressResponse) => unknown
  /** By default GET `/<name>`. */
  readonly ask?: (client: Client, ask: (asked: Asked) => Promise<Received>, headers: Record<string, string>) => unknown
  readonly isHttp1?: boolean
  /** The middleware answers: one that stands before ours leaves nothing for us to do. */
  readonly byMiddleware?: boolean
  /** The status is 500, at which nothing is saved. */
  readonly fails?: boolean
  /** The error handler has been used when a save fails as well: whatever comes last, the framework's own page or none. */
  readonly failsTwice?: boolean
}

const typed = (response: Response, type = 'text/plain'): Response => {
  response.setHeader('Content-Type', type)
  return response
}

/** What clients have received of their event streams, by the number that each sends. */
const received = new Map<string, PromiseWithResolvers<void>>()
let streams = 0
/** Handlers whose client has left. */
export const left = new Map<string, PromiseWithResolvers<void>>()

const numberOf = (request: IncomingMessage): string =>
  new URL(request.url ?? '', 'http://a').searchParams.get('n') ?? ''

export const WAYS: readonly Way[] = [
  { name: 'send', answer: (_, response) => typed(response).end(LONG), express: (_, response) => response.send(LONG) },
  {
    name: 'json',
    answer: (_, response) => typed(response, 'application/json').end(JSON.stringify({ a: LONG })),
    express: (_, response) => response.json({ a: LONG }),
  },
  { name: 'empty', answer: (_, response) => response.end() },
  {
    name: 'file',
    answer(_, response) {
      response.setHeader('Content-Length', statSync(FILE).size)
      createReadStream(FILE).pipe(typed(response))
    },
    express: (_, response) => response.sendFile(FILE),
  },
  { name: 'pipe', answer: (_, response) => void Readable.from(PIECES).pipe(typed(response)) },
  { name: 'pipeline', answer: (_, response) => pipeline(Readable.from(PIECES), typed(response)) },
  {
    name: 'drain',
    async answer(_, response) {
      typed(response)
      for (const piece of PIECES) if (!response.write(piece)) await once(response, 'drain')
      response.end('the end')
    },
  },
  {
    name: 'events',
    async answer(request, response) {
      typed(response, 'text/event-stream').write('data: 1\n\n')
      response.flush?.()
      await received.get(numberOf(request))?.promise
      response.write('data: 2\n\n')
      response.flush?.()
      response.end()
    },
    ask(_, ask) {
      const n = String(++streams)
      const first = Promise.withResolvers<void>()
      received.set(n, first)
      return ask({ path: `/events?n=${n}`, onText: (text) => text.includes('data: 1\n\n') && first.resolve() })
    },
  },
  {
    name: 'writeHead',
    answer(_, response) {
      response.writeHead(201, { 'Content-Type': 'text/plain', 'X-Own': 'yes', 'Content-Length': LONG.length })
      response.write(LONG.slice(0, 2_000))
      response.end(LONG.slice(2_000))
    },
  },
  {
    name: 'writeHead with a list',
    answer(_, response) {
      response.writeHead(200, ['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      response.end(LONG)
    },
  },
  { name: 'HEAD', ask: (_, ask) => ask({ path: '/send', method: 'HEAD' }) },
  {
    name: '304',
    answer(request, response) {
      response.setHeader('ETag', '"one"')
      response.statusCode = request.headers['if-none-match'] === '"one"' ? 304 : 200
      response.end(response.statusCode === 304 ? undefined : LONG)
    },
    express: (_, response) => response.set('ETag', '"one"').send(LONG),
    ask: (_, ask) => ask({ path: '/304', headers: { 'if-none-match': '"one"' } }),
  },
  {
    name: 'redirect',
    answer(_, response) {
      response.writeHead(302, { Location: '/send' })
      response.end()
    },
    express: (_, response) => response.redirect('/send'),
  },
  {
    name: 'body',
    async answer(request, response) {
      const chunks: Buffer[] = []
      if (request.body === undefined) for await (const chunk of request) chunks.push(chunk)
      const body = request.body ?? Buffer.concat(chunks).toString()
      typed(response, 'application/json').end(JSON.stringify({ method: request.method, body }))
    },
    ask: (_, ask) => ask({ path: '/body', ...JSON_BODY }),
  },
  {
    name: 'client leaves',
    async answer(request, response) {
      typed(response).write(LONG)
      response.flush?.()
      await once(response, 'close')
      left.get(numberOf(request))?.resolve()
    },
    async ask(_, ask) {
      const n = String(++streams)
      const gone = Promise.withResolvers<void>()
      left.set(n, gone)
      const seen = await ask({ path: `/client leaves?n=${n}`.replace(' ', '%20'), leaves: true })
      await gone.promise
      return seen
    },
  },
  {
    name: 'error',
    fails: true,
    answer() {
      throw new Error('broken page')
    },
  },
  {
    name: 'error in the middle',
    failsTwice: true,
    answer(_, response) {
      typed(response).write(LONG)
      response.flush?.()
      throw new Error('broken page')
    },
  },
  {
    name: 'pipelining',
    isHttp1: true,
    ask: (client, _, headers) => client.pipeline?.(['/pipe', '/send', '/empty', '/file', '/drain'], headers),
  },
]

export const JSON_BODY: Omit<Asked, 'path'> = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ a: [1, 'two'] }),
}
