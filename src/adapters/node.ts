/**
 * Node's own `http` and `http2` (its compatible requests and responses):
 * `createServer(djangoSessions(bridge, async (request, response, django) => …))`.
 *
 * The response is held until the session is saved. A save that fails, or a handler that does, is answered by `onError`
 * before anything was sent. A client that goes away changes nothing: what the handler answers is saved, as in Django.
 */
import '../node-version.ts'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type Denial, loginRequired, type OriginDenial, originDenied } from '../auth/guards.ts'
import type { DjangoUser } from '../auth/users.ts'
import type { Bridge } from '../bridge.ts'
import type { DjangoContext } from '../context.ts'
import { DjangoBridgeError, escapeControls } from '../errors.ts'
import type { RequestInfo } from '../stores/store.ts'
import { callReporter } from '../unheard.ts'
import { answerWith, cutOff } from './held-response.ts'
import { contextOf, keepContext } from './request-contexts.ts'

export { djangoOf } from './request-contexts.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest
export type NodeResponse = ServerResponse | Http2ServerResponse

/** Answers a request; `django` is its session, user and claims. */
export type DjangoHandler<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse> = (
  request: Req,
  response: Res,
  django: DjangoContext,
) => unknown

export interface DjangoSessionsOptions<
  Req extends NodeRequest = IncomingMessage,
  Res extends NodeResponse = ServerResponse,
> {
  /**
   * Answers when the save fails or the handler throws; for the library's own errors `error.status` is the status to
   * send. Where the handler has answered already (`response.headersSent`) there is only to report it: what was begun
   * and not ended is cut off. By default the status's name in plain text, and a warning through `process.emitWarning`.
   */
  readonly onError?: (error: unknown, request: Req, response: Res, django: DjangoContext) => unknown
}

/**
 * Makes a listener for `createServer` that opens a DjangoContext for every request and sends its cookies. Inside another
 * listener of the same bridge it goes on with the context that is there.
 */
export function djangoSessions<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
  bridge: Bridge,
  handler: DjangoHandler<Req, Res>,
  { onError = answerError }: DjangoSessionsOptions<Req, Res> = {},
): (request: Req, response: Res) => void {
  return (request, response) => {
    const joined = contextOf(bridge, request)
    const django = joined ?? bridge.open(requestInfo(request))
    const answerFailure = async (error: unknown): Promise<void> => {
      const hasAnswered = response.headersSent
      try {
        await onError(error, request, response, django)
      } catch (another) {
        answerError(another, request, response)
      }
      if (hasAnswered && !response.writableEnded) cutOff(response)
    }
    const fail = (error: unknown): void => void answerFailure(error).catch(() => cutOff(response))
    if (joined === undefined) {
      keepContext(bridge, request, django)
      answerWith(django, response, fail)
    }
    const answer = async (): Promise<unknown> => handler(request, response, django)
    void answer().catch(fail)
  }
}

/**
 * A handler for logged-in users, who is its third argument: a browser that asks for a page is sent to LOGIN_URL,
 * anything else gets 401 `{"code":"login_required"}`. A store that fails goes to `onError`.
 */
export function withUser<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
  handler: (request: Req, response: Res, user: DjangoUser, django: DjangoContext) => unknown,
): DjangoHandler<Req, Res> {
  return async (request, response, django) => {
    const user = await django.user()
    if (user === null) refuse(response, loginRequired(django.request, django.settings.LOGIN_URL))
    else await handler(request, response, user, django)
  }
}

/**
 * Refuses requests that could change something unless their Origin is this host or in CSRF_TRUSTED_ORIGINS: 403
 * `{"code":"origin_mismatch"}`, or `origin_missing` if there is no Origin; the others are the handler's.
 */
export function originCheck<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
  handler: DjangoHandler<Req, Res>,
): DjangoHandler<Req, Res> {
  return (request, response, django) => {
    const routed = { ...django.request, method: request.method ?? 'GET' }
    const denial = originDenied(routed, django.settings.CSRF_TRUSTED_ORIGINS)
    return denial === null ? handler(request, response, django) : refuse(response, denial)
  }
}

function refuse(response: NodeResponse, denial: Denial | OriginDenial): void {
  if (denial.status === 302) send(response, denial.status, { Location: denial.location })
  else send(response, denial.status, { 'Content-Type': 'application/json' }, JSON.stringify(denial.body))
}

/** Says nothing of the error to the browser, and all of it to whoever reads the warnings of the process. */
function answerError(error: unknown, _request: NodeRequest, response: NodeResponse): void {
  callReporter(() => emitFailure(error instanceof Error ? error : new Error('A handler threw what is no error.')))
  if (response.headersSent) return
  const status = error instanceof DjangoBridgeError ? error.status : 500
  send(response, status, { 'Content-Type': 'text/plain; charset=utf-8' }, `${STATUS_CODES[status]}\n`)
}

function emitFailure({ name, message, stack }: Error): void {
  const said = String(message)
  const trace = String(stack ?? '')
  process.emitWarning(escapeControls(`${name}: ${said}`), {
    type: 'DjangoSessionBridgeWarning',
    code: 'request_failed',
    // The frames alone: a message may hold what a browser sent, lines that look like others included.
    detail: trace.includes(said) ? trace.slice(trace.indexOf(said) + said.length).trimStart() : '',
  })
}

function send(response: NodeResponse, status: number, headers: Readonly<Record<string, string>>, body = ''): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

function requestInfo(request: NodeRequest): RequestInfo {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: 'authority' in request ? http2Headers(request) : request.headers,
    secure: (request.socket as Partial<TLSSocket>).encrypted === true,
  }
}

/** Pseudo headers are not the site's; the one that names the host goes before Host. @see RFC 9113 section 8.3.1 */
function http2Headers({ headers, authority }: Http2ServerRequest): RequestInfo['headers'] {
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(':'))
  return { ...Object.fromEntries(own), ...(authority && { host: authority }) }
}
