/**
 * Handlers that take a web-standard Request and return a Response:
 * `export const GET = djangoSessions(bridge, async (request, django) => Response.json(…))`.
 *
 * The Response is returned when the session is saved; its body, a stream too, is passed through untouched. A save that
 * fails, or a handler that does, rejects: the framework answers. A client that goes away (`request.signal`) changes
 * nothing: what the handler answers is saved, as in Django.
 */
import '../node-version.ts'
import { type Denial, loginRequired, type OriginDenial, originDenied } from '../auth/guards.ts'
import type { DjangoUser } from '../auth/users.ts'
import type { Bridge } from '../bridge.ts'
import type { DjangoContext, ResponseChanges } from '../context.ts'
import { nameOfSetCookie } from '../cookies/set-cookie.ts'
import { addVary, goesBeforeCacheControl, privateCacheControl } from '../http-headers.ts'
import type { RequestInfo } from '../stores/store.ts'
import { heard } from '../unheard.ts'
import { contextOf, forgetContext, keepContext } from './request-contexts.ts'

export { djangoOf } from './request-contexts.ts'

/** Answers a request; `django` is its session, user and claims, `rest` what else the framework gives its handlers. */
export type DjangoHandler<Rest extends readonly unknown[] = []> = (
  request: Request,
  django: DjangoContext,
  ...rest: Rest
) => Response | Promise<Response>

export interface DjangoSessionsOptions {
  /**
   * Answers when the save fails or the handler throws, instead of a rejection; for the library's own errors
   * `error.status` is the status to send. Only so does a handler that throws after `flush()` or `cycleKey()` leave the
   * browser with the right cookie.
   */
  readonly onError?: (error: unknown, request: Request, django: DjangoContext) => Response | Promise<Response>
}

/**
 * Opens a DjangoContext for every request and puts its cookies on a copy of the Response. Inside another handler of the
 * same bridge, for the same Request, it goes on with the context that is there. A Response that the handler
 * throws is its answer, as frameworks have it for redirects.
 */
export function djangoSessions<Rest extends readonly unknown[] = []>(
  bridge: Bridge,
  handler: DjangoHandler<Rest>,
  { onError }: DjangoSessionsOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const joined = contextOf(bridge, request)
    const django = joined ?? bridge.open(requestInfo(request))
    const answerError: AnswerError = async (error) => {
      if (onError === undefined) throw error
      return onError(error, request, django)
    }
    const answer = (): Promise<Response> => answerOf(() => handler(request, django, ...rest)).catch(answerError)
    if (joined !== undefined) return answer()
    keepContext(bridge, request, django)
    try {
      return await saved(await answer(), django, answerError)
    } finally {
      forgetContext(request)
    }
  }
}

type AnswerError = (error: unknown) => Promise<Response>

async function saved(response: Response, django: DjangoContext, answerError: AnswerError): Promise<Response> {
  let changes: ResponseChanges
  try {
    changes = await django.finish(response.status, sentCookies(response))
  } catch (error) {
    // A file or a connection that the stream holds is released. Its own errors help nobody.
    if (response.body !== null) heard(response.body.cancel(error))
    return withChanges(await answerError(error), { cookies: [], vary: ['Cookie'] })
  }
  try {
    return withChanges(response, changes)
  } catch (error) {
    // The body was taken while the session was saved. The cookie stands.
    return withChanges(await answerError(error), changes)
  }
}

/** The names of the cookies that a response sets itself. */
function* sentCookies({ headers }: Response): Generator<string, void> {
  for (const line of headers.getSetCookie()) yield nameOfSetCookie(line)
}

/**
 * A handler for logged-in users, who is its second argument: a browser that asks for a page is sent to LOGIN_URL,
 * anything else gets 401 `{"code":"login_required"}`. A store that fails is an error.
 */
export function withUser<Rest extends readonly unknown[] = []>(
  handler: (request: Request, user: DjangoUser, django: DjangoContext, ...rest: Rest) => Response | Promise<Response>,
): DjangoHandler<Rest> {
  return async (request, django, ...rest) => {
    const user = await django.user()
    if (user === null) return refusal(loginRequired(django.request, django.settings.LOGIN_URL))
    return handler(request, user, django, ...rest)
  }
}

/**
 * Refuses requests that could change something unless their Origin is this host or in CSRF_TRUSTED_ORIGINS: 403
 * `{"code":"origin_mismatch"}`, or `origin_missing` if there is no Origin; the others are the handler's.
 */
export function originCheck<Rest extends readonly unknown[] = []>(handler: DjangoHandler<Rest>): DjangoHandler<Rest> {
  return (request, django, ...rest) => {
    const denial = originDenied(django.request, django.settings.CSRF_TRUSTED_ORIGINS)
    return denial === null ? handler(request, django, ...rest) : refusal(denial)
  }
}

async function answerOf(handler: () => Response | Promise<Response>): Promise<Response> {
  try {
    return sendable(await handler())
  } catch (thrown) {
    if (thrown instanceof Response) return sendable(thrown)
    throw thrown
  }
}

/** Refused before anything is saved, and not when its copy is made. */
function sendable(response: Response): Response {
  if (response.type === 'error' || response.bodyUsed || response.body?.locked) {
    throw new TypeError('The handler returned Response.error(), or a Response whose body was read or is locked.')
  }
  return response
}

function refusal(denial: Denial | OriginDenial): Response {
  if (denial.status === 302)
    return new Response(null, { status: denial.status, headers: { location: denial.location } })
  return Response.json(denial.body, { status: denial.status })
}

/** A copy, since a handler may return one Response to many, and one user's cookie must not reach another. */
function withChanges(response: Response, { cookies, vary, cacheControl }: ResponseChanges): Response {
  if (cookies.length === 0 && vary.length === 0) return response
  const copy = new Response(response.body, response)
  for (const cookie of cookies) copy.headers.append('Set-Cookie', cookie.header)
  copy.headers.set('Vary', addVary(copy.headers.get('Vary') ?? undefined, vary))
  if (cacheControl !== undefined) {
    copy.headers.set('Cache-Control', privateCacheControl(copy.headers.get('Cache-Control') ?? undefined))
    for (const name of Array.from(copy.headers.keys())) if (goesBeforeCacheControl(name)) copy.headers.delete(name)
  }
  return copy
}

function requestInfo(request: Request): RequestInfo {
  const { host, pathname, search, protocol } = new URL(request.url)
  return {
    method: request.method,
    url: pathname + search,
    headers: { host, ...Object.fromEntries(request.headers) },
    secure: protocol === 'https:',
  }
}
