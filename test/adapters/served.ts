/** Listening and asking, for the contract of the adapters. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, type Http2Server, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { NodeResponse } from '../../src/adapters/node.ts'
import type { Answer, ServedPages } from '../contracts/adapter.ts'

/** Sends what a page answered, by the means of Node's responses. */
export async function sendAnswer(response: NodeResponse, { status = 200, headers = [], body }: Answer): Promise<void> {
  const send = response.writeHead as (status: number, headers: readonly string[]) => unknown
  send.call(response, status, headers.flat())
  if (typeof body !== 'object') response.end(body ?? '')
  else await pipeline(Readable.from(body), response as NodeJS.WritableStream).catch(ignoreClosed)
}

/** The status and code that an error is answered with. */
export function errorAnswer(error: unknown): { readonly status: number; readonly body: { readonly code: string } } {
  const { status = 500, code = 'error' } = error as { status?: number; code?: string }
  return { status, body: { code } }
}

export async function listen(server: Server | Http2Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Asks over HTTP/1. */
export async function overHttp1(server: Server): Promise<ServedPages> {
  const origin = await listen(server)
  return {
    origin,
    async request(path, init) {
      const response = await fetch(origin + path, { ...init, redirect: 'manual' })
      return { status: response.status, headers: response.headers, text: await response.text() }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** Asks over HTTP/2 without encryption, each cookie in a field of its own as browsers send them. */
export async function overHttp2(server: Http2Server): Promise<ServedPages> {
  const origin = await listen(server)
  const client = connect(origin)
  return {
    origin,
    async request(path, { method = 'GET', headers: { cookie, ...headers } = {} } = {}) {
      const stream = client.request({
        ':method': method,
        ':path': new URL(path, origin).href.slice(origin.length),
        ...headers,
        ...(cookie !== undefined && { cookie: cookie.split('; ') }),
      })
      stream.end()
      const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
      return { status: received[':status'], headers: asHeaders(received), text: await text(stream) }
    },
    async close() {
      await new Promise<void>((closed) => client.close(closed))
      await new Promise((closed) => server.close(closed))
    },
  }
}

function asHeaders(received: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(received)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one)
  }
  return headers
}

/** The response was closed by an error that took the stream's place. */
function ignoreClosed(error: unknown): void {
  if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
}

export function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>> = {},
  map: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}
