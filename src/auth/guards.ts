/** Decisions about a request that have no framework in them: who may pass, and where others are sent. */
import type { RequestInfo } from '../stores/store.ts'
import { loginLocation } from './login-location.ts'
import { currentOrigin, headerText, isTrustedOrigin } from './origins.ts'

/** Codes of the answers of guards, as `{"code": …}`. */
export type DenialCode =
  /** 401: nobody is logged in, and the request does not ask for a page that could be redirected to LOGIN_URL. */
  | 'login_required'
  /** 403: the request could change something and comes from another site's page: Origin names another host. */
  | 'origin_mismatch'
  /** 403: the request could change something and has no Origin, which browsers always send then. */
  | 'origin_missing'

/** What a request gets that may not pass. */
export type Denial =
  | { readonly status: 302; readonly location: string }
  | { readonly status: 401; readonly body: { readonly code: 'login_required' } }

/** What a request from another site's page, or from no page, gets. */
export interface OriginDenial {
  readonly status: 403
  readonly body: { readonly code: 'origin_mismatch' | 'origin_missing' }
}

/**
 * Decides what an anonymous request gets where a user is required: a browser that asks for a page is redirected to
 * LOGIN_URL with `next`, anything else gets 401. `next` is a path, or a whole URL if LOGIN_URL is on another origin.
 * @param options `redirectFieldName`: the name of the parameter, default `next`
 * @see django/contrib/auth/decorators.py user_passes_test
 */
export function loginRequired(
  request: RequestInfo,
  loginUrl: string,
  options: { readonly redirectFieldName?: string } = {},
): Denial {
  const wantsPage = request.method === 'GET' || request.method === 'HEAD'
  if (!wantsPage || !headerText(request, 'accept')?.includes('text/html')) {
    return { status: 401, body: { code: 'login_required' } }
  }
  return { status: 302, location: loginLocation(request, loginUrl, options.redirectFieldName ?? 'next') }
}

/**
 * Decides whether a request comes from the site's own pages: null if it does or if its method is safe, else the
 * answer. An upgrade, to a WebSocket for example, is not safe, although it is a GET.
 * @param trustedOrigins CSRF_TRUSTED_ORIGINS: `https://example.com`, `https://*.example.com`
 * @see django/middleware/csrf.py _origin_verified
 */
export function originDenied(request: RequestInfo, trustedOrigins: readonly string[]): OriginDenial | null {
  if (isSafe(request)) return null
  const origin = request.headers.origin
  if (origin === undefined) return { status: 403, body: { code: 'origin_missing' } }
  const isOwn = typeof origin === 'string' && origin !== 'null' && origin === currentOrigin(request)
  if (isOwn || (typeof origin === 'string' && isTrustedOrigin(origin, trustedOrigins))) return null
  return { status: 403, body: { code: 'origin_mismatch' } }
}

/**
 * Whether an unsafe request, or an upgrade, comes from the site's own pages: its Origin is its own host or one of
 * CSRF_TRUSTED_ORIGINS (`https://example.com`, `https://*.example.com`). Safe methods pass.
 * @see django/middleware/csrf.py _origin_verified
 */
export function isSameOrigin(request: RequestInfo, trustedOrigins: readonly string[]): boolean {
  return originDenied(request, trustedOrigins) === null
}

/** Methods that change nothing, by RFC 9110 section 9.2.1; an upgrade opens a connection that can do anything. */
function isSafe(request: RequestInfo): boolean {
  const isSafeMethod = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(request.method.toUpperCase())
  return isSafeMethod && !isUpgrade(request)
}

/** HTTP/2 opens a WebSocket by CONNECT and `:protocol` (RFC 8441). Clients that are no browsers offer `h2c`. */
function isUpgrade({ headers }: RequestInfo): boolean {
  const { upgrade } = headers
  return headers[':protocol'] !== undefined || (upgrade !== undefined && String(upgrade).toLowerCase() !== 'h2c')
}
