/** Decisions about a request that have no framework in them: who may pass, and where others are sent. */
import type { RequestInfo } from '../stores/store.ts'

export type Denial =
  | { readonly status: 302; readonly location: string }
  | { readonly status: 401; readonly body: { readonly code: 'login_required' } }

/** What a request from another site's page gets. */
export const ORIGIN_MISMATCH = { status: 403, body: { code: 'origin_mismatch' } } as const

/**
 * What an anonymous request gets where a user is required: a browser that asks for a page goes to LOGIN_URL with
 * `next`, anything else gets 401. @see django/contrib/auth/views.py redirect_to_login
 */
export function loginRequired(request: RequestInfo, loginUrl: string): Denial {
  const accept = headerText(request, 'accept') ?? ''
  const wantsPage = (request.method === 'GET' || request.method === 'HEAD') && accept.includes('text/html')
  if (!wantsPage) return { status: 401, body: { code: 'login_required' } }
  const next = encodeURIComponent(localTarget(request.url).toWellFormed()).replaceAll('%2F', '/')
  return { status: 302, location: `${loginUrl}${loginUrl.includes('?') ? '&' : '?'}next=${next}` }
}

/**
 * Whether an unsafe request comes from the site's own pages: its Origin is its own host or one of
 * CSRF_TRUSTED_ORIGINS (`https://example.com`, `https://*.example.com`). Safe methods pass.
 * @see django/middleware/csrf.py _origin_verified
 */
export function isSameOrigin(request: RequestInfo, trustedOrigins: readonly string[]): boolean {
  if (['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(request.method.toUpperCase())) return true
  const origin = headerText(request, 'origin')
  if (origin === undefined || origin === 'null') return false
  const host = headerText(request, 'host')
  if (host !== undefined && origin === `${request.secure ? 'https' : 'http'}://${host}`) return true
  return trustedOrigins.some((trusted) => matchesTrusted(origin, trusted))
}

/** `https://*.example.com` stands for example.com, too. @see django/utils/http.py is_same_domain */
function matchesTrusted(origin: string, trusted: string): boolean {
  if (!trusted.includes('*')) return origin === trusted
  const [scheme, host] = splitOrigin(trusted)
  const [ownScheme, ownHost] = splitOrigin(origin)
  const domain = host.replace(/^\*+/, '').toLowerCase()
  if (scheme !== ownScheme || domain === '') return false
  return ownHost === domain || (domain.startsWith('.') && (ownHost.endsWith(domain) || ownHost === domain.slice(1)))
}

/** The host ends where a path would begin, which no browser sends: `https://evil.example/.example.com`. */
function splitOrigin(origin: string): [scheme: string, host: string] {
  const [, scheme = '', host = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(origin) ?? []
  return [scheme.toLowerCase(), host]
}

/** A path on this host: a target such as `//elsewhere` or `https://…` is none. */
function localTarget(url: string): string {
  return /^\/(?![/\\])/.test(url) ? url : '/'
}

/** A header's one value; of several, none can be trusted to be the one. */
function headerText(request: RequestInfo, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
