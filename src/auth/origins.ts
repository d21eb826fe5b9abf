/** Origins of requests, and which of them CSRF_TRUSTED_ORIGINS names. Mirrors django/middleware/csrf.py. */
import type { RequestInfo } from '../stores/store.ts'

/** A header's one value; of several, none can be trusted to be the one. */
export function headerText(request: RequestInfo, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * `https://example.com:8443` of the request itself, or null where its host is none.
 * @see django/http/request.py get_host, validate_host
 */
export function currentOrigin(request: RequestInfo): string | null {
  const host = request.host ?? headerText(request, 'host')
  if (host === undefined || !HOST.test(host)) return null
  return `${request.secure ? 'https' : 'http'}://${host}`
}

/** @see django/http/request.py host_validation_re */
const HOST = /^([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(:[0-9]+)?$/i

/** Whether an Origin is in CSRF_TRUSTED_ORIGINS, where `https://*.example.com` is example.com and its subdomains. */
export function isTrustedOrigin(origin: string, trustedOrigins: readonly string[]): boolean {
  return trustedOrigins.some((trusted) => {
    return trusted.includes('*') ? matchesWildcard(origin, trusted) : origin === trusted
  })
}

/** @see django/utils/http.py is_same_domain */
function matchesWildcard(origin: string, trusted: string): boolean {
  const [, trustedScheme, pattern = ''] = ORIGIN.exec(trusted) ?? []
  const [, scheme, authority = ''] = ORIGIN.exec(origin) ?? []
  const domain = pattern.replace(/^\*+/, '').toLowerCase()
  if (domain === '' || scheme?.toLowerCase() !== trustedScheme?.toLowerCase() || !AUTHORITY.test(authority))
    return false
  if (authority === domain) return true
  return domain.startsWith('.') && (authority.endsWith(domain) || authority === domain.slice(1))
}

/** The host ends where a path would begin, which no browser sends: `https://evil.example/.example.com`. */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i
/**
 * What a URL parser would take for an authority: `evil.example\.example.com` is not one, but the host evil.example
 * to a browser. @see https://url.spec.whatwg.org/#forbidden-domain-code-point
 */
const AUTHORITY = /^([^\x00-\x20\x7f<>@[\\\]^|%]*@)?([^\x00-\x20\x7f<>@[\\\]^|%:]*|\[[\da-f:.]*\])(:\d*)?$/i
