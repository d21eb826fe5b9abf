/**
 * Express 4 and 5: `app.use(djangoSessions(bridge))` gives every handler `req.django`.
 *
 * The response is held until the session is saved. A save that fails goes to the site's error handler, with
 * `error.status` set, before anything was sent.
 */
import '../node-version.ts'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { loginRequired, originDenied } from '../auth/guards.ts'
import type { DjangoUser } from '../auth/users.ts'
import type { Bridge } from '../bridge.ts'
import type { DjangoContext } from '../context.ts'
import type { RequestInfo } from '../stores/store.ts'
import { answerWith } from './held-response.ts'
import { contextOf, keepContext } from './request-contexts.ts'

export { djangoOf } from './request-contexts.ts'

declare global {
  namespace Express {
    interface Request {
      /** The request's Django session, user and claims. */
      django: DjangoContext
    }
  }
}

/**
 * Opens a DjangoContext for every request and puts its cookies on the response. Mount it before what uses it; other
 * middleware may stand before or after it. Mounted again, the same bridge goes on with the context that is there;
 * another bridge has its own, and `req.django` is that of the last: see `djangoOf`.
 */
export function djangoSessions(bridge: Bridge): RequestHandler {
  return (request, response, next) => {
    const joined = contextOf(bridge, request)
    request.django = joined ?? bridge.open(requestInfo(request))
    if (joined === undefined) {
      keepContext(bridge, request, request.django)
      answerWith(request.django, response, next)
    }
    next()
  }
}

/**
 * Lets only logged-in users pass: a browser that asks for a page is sent to LOGIN_URL, anything else gets 401
 * `{"code":"login_required"}`. A store that fails goes to the error handler.
 */
export function requireUser(): RequestHandler {
  return forUsers((_request, _response, _user, next) => next())
}

/** A handler for logged-in users, who is its third argument; others are answered as by `requireUser`. */
export function withUser(
  handler: (request: Request, response: Response, user: DjangoUser, next: NextFunction) => unknown,
): RequestHandler {
  return forUsers(handler)
}

function forUsers(handler: Parameters<typeof withUser>[0]): RequestHandler {
  const answer: RequestHandler = async (request, response, next) => {
    const user = await request.django.user()
    if (user === null) deny(request, response)
    else await handler(request, response, user, next)
  }
  // Express 4 does not hear a promise that rejects.
  return async (request, response, next) => {
    try {
      await answer(request, response, next)
    } catch (error) {
      next(error)
    }
  }
}

/**
 * Refuses requests that could change something unless their Origin is this host or in CSRF_TRUSTED_ORIGINS: 403
 * `{"code":"origin_mismatch"}`, or `origin_missing` if there is no Origin. It judges the method that Express routes by:
 * mount it before handlers that change state, and after middleware that changes the method, such as method-override.
 */
export function originCheck(): RequestHandler {
  return (request, response, next) => {
    const denial = originDenied(asRouted(request), request.django.settings.CSRF_TRUSTED_ORIGINS)
    if (denial === null) next()
    else response.status(denial.status).json(denial.body)
  }
}

function deny(request: Request, response: Response): void {
  const denial = loginRequired(asRouted(request), request.django.settings.LOGIN_URL)
  if (denial.status === 302) response.redirect(denial.location)
  else response.status(denial.status).json(denial.body)
}

/** The request with the method that it has now, which other middleware may have changed since ours was mounted. */
function asRouted({ django, method }: Request): RequestInfo {
  return { ...django.request, method }
}

function requestInfo(request: Request): RequestInfo {
  return { method: request.method, url: request.originalUrl, headers: request.headers, secure: request.secure }
}
