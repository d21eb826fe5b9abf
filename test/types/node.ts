/** Compiled, never run: what a handler on Node's own servers is given. */
import { createServer, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { Bridge } from 'django-session-bridge'
import { type DjangoHandler, djangoSessions, originCheck, withUser } from 'django-session-bridge/node'

export function servers(bridge: Bridge): unknown[] {
  const members = withUser((_request, response, user, django) => {
    response.end(`${user.phone.trim()} ${django.claims?.iat}`)
  })
  return [
    createServer(
      djangoSessions(bridge, async (request, response, django) => {
        const session = await django.session()
        response.assignSocket(request.socket)
        response.end(String(session.get('visits')?.toFixed()))
        // @ts-expect-error: HTTP/1 has no streams
        response.stream
        return members(request, response, django)
      }),
    ),
    createHttp2Server(
      djangoSessions(bridge, (request, response) => {
        response.stream.setTimeout(request.authority.length)
        // @ts-expect-error: HTTP/2 has no socket to assign
        response.assignSocket(request.socket)
      }),
    ),
    createSecureServer(
      { allowHTTP1: true },
      djangoSessions(bridge, (request: Http2ServerRequest, response: Http2ServerResponse) => {
        response.end(request.url)
      }),
    ),
    djangoSessions(bridge, originCheck(members), {
      onError(error, _request, response: ServerResponse) {
        // @ts-expect-error: an error may be anything
        error.message
        response.end()
      },
    }),
    // @ts-expect-error: a bridge comes first
    djangoSessions(members),
    // @ts-expect-error: of HTTP/1 and HTTP/2 a handler takes the one it is for
    djangoSessions<never, Http2ServerResponse>(bridge, members),
  ]
}

// @ts-expect-error: a guard is a handler for each request, not a middleware
export const guard: DjangoHandler = withUser()
