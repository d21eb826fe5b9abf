/** One request and all that came back, over HTTP/1 or HTTP/2, so that two servers can be compared. */
import { once } from 'node:events'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as netConnect } from 'node:net'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib'

export interface Asked {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Called with what has come of the body so far, decoded, each time that more comes. */
  readonly onText?: (text: string) => void
  /** The client goes away at the first bytes of the body. */
  readonly leaves?: boolean
}

/** `cut` where the response did not end as it should. */
export type Received =
  | 'cut'
  | { readonly status: number; readonly headers: Readonly<Record<string, string[]>>; readonly body: string }

export interface Client {
  ask(asked: Asked): Promise<Received>
  /** Several requests at once on one connection, before an answer to any; HTTP/1 alone. */
  pipeline?(paths: readonly string[], headers: Readonly<Record<string, string>>): Promise<Received[]>
  close(): void
}

const ACCEPT = { 'accept-encoding': 'gzip' }

export function http1Client(origin: string): Client {
  return {
    async ask({ path, method = 'GET', headers = {}, body, onText, leaves }) {
      const request = httpRequest(origin + path, { method, headers: { ...ACCEPT, ...headers }, agent: false })
      request.on('error', () => undefined)
      request.end(body)
      try {
        const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
        const received = await receive(response, response.headers, onText, leaves && (() => request.destroy()))
        return { status: response.statusCode ?? 0, headers: listed(response.headers), body: received }
      } catch {
        return 'cut'
      }
    },
    async pipeline(paths, headers) {
      const { hostname, port } = new URL(origin)
      const socket = netConnect(Number(port), hostname)
      const fields = Object.entries({ host: hostname, ...ACCEPT, ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      )
      const last = paths.length - 1
      const requests = paths.map((path, index) =>
        [`GET ${path} HTTP/1.1`, ...fields, ...(index === last ? ['connection: close'] : []), '', ''].join('\r\n'),
      )
      socket.write(requests.join(''))
      return responsesIn(await buffer(socket))
    },
    close: () => undefined,
  }
}

export function http2Client(origin: string): Client {
  const session: ClientHttp2Session = connect(origin)
  return {
    async ask({ path, method = 'GET', headers = {}, body, onText, leaves }) {
      const stream = session.request({ ':path': path, ':method': method, ...ACCEPT, ...headers })
      stream.on('error', () => undefined)
      stream.end(body)
      try {
        const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
        const text = await receive(stream, received, onText, leaves && (() => stream.close(8)))
        return { status: received[':status'], headers: listed(received), body: text }
      } catch {
        return 'cut'
      }
    },
    close: () => session.close(),
  }
}

async function receive(
  response: Readable,
  headers: IncomingHttpHeaders,
  onText: Asked['onText'],
  leave: (() => void) | false | undefined,
): Promise<string> {
  const encoding = headers['content-encoding']
  const decoded =
    encoding === 'gzip'
      ? response.pipe(createGunzip())
      : encoding === 'br'
        ? response.pipe(createBrotliDecompress())
        : response
  if (decoded !== response) response.on('error', (error) => decoded.destroy(error))
  let text = ''
  for await (const bytes of decoded) {
    text += Buffer.from(bytes).toString('latin1')
    onText?.(text)
    if (leave) {
      leave()
      return 'left'
    }
  }
  return text
}

function listed(headers: IncomingHttpHeaders): Record<string, string[]> {
  const own = Object.entries(headers).filter(([name, value]) => !name.startsWith(':') && value !== undefined)
  return Object.fromEntries(own.map(([name, value]) => [name, Array.isArray(value) ? value : [String(value)]]))
}

/** The responses of one connection, one after another. */
function responsesIn(bytes: Buffer): Received[] {
  const received: Received[] = []
  let rest = bytes
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return [...received, 'cut']
    const [line = '', ...fields] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const headers: Record<string, string[]> = {}
    for (const field of fields) {
      const name = field.slice(0, field.indexOf(':')).toLowerCase()
      headers[name] = [...(headers[name] ?? []), field.slice(name.length + 1).trim()]
    }
    const whole = bodyIn(rest.subarray(end + 4), headers)
    if (whole === null) return [...received, 'cut']
    const encoded = headers['content-encoding']?.[0]
    const body =
      encoded === 'gzip' ? gunzipSync(whole.body) : encoded === 'br' ? brotliDecompressSync(whole.body) : whole.body
    received.push({ status: Number(line.split(' ')[1]), headers, body: body.toString('latin1') })
    rest = whole.rest
  }
  return received
}

function bodyIn(bytes: Buffer, headers: Readonly<Record<string, string[]>>): { body: Buffer; rest: Buffer } | null {
  const length = headers['content-length']?.[0]
  if (length !== undefined) {
    const count = Number(length)
    return bytes.length < count ? null : { body: bytes.subarray(0, count), rest: bytes.subarray(count) }
  }
  if (headers['transfer-encoding']?.[0] !== 'chunked') return { body: Buffer.alloc(0), rest: bytes }
  const chunks: Buffer[] = []
  for (let rest = bytes; ; ) {
    const lineEnd = rest.indexOf('\r\n')
    if (lineEnd < 0) return null
    const size = Number.parseInt(rest.subarray(0, lineEnd).toString('latin1'), 16)
    const after = lineEnd + 2 + size + 2
    if (!(size >= 0) || rest.length < after) return null
    if (size === 0) return { body: Buffer.concat(chunks), rest: rest.subarray(after) }
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size))
    rest = rest.subarray(after)
  }
}
