/** The response headers that a session changes, and those that an answer takes with it. */

/** Adds names to a Vary header once each, in any case; `*` stays what it is. @see django/utils/cache.py patch_vary_headers */
export function addVary(header: string | undefined, names: readonly string[]): string {
  if (header === undefined) return names.join(', ')
  const present = header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (present.includes('*')) return '*'
  const known = new Set(present.map((name) => name.toLowerCase()))
  return [...present, ...names.filter((name) => !known.has(name.toLowerCase()))].join(', ')
}

/**
 * Takes a response that sets a cookie out of shared caches: `public` and `s-maxage` go, `private` comes, unless
 * `no-store` says more. `private="Set-Cookie"` lets a shared cache store the rest, so it goes too.
 * @see RFC 9111 section 5.2.2
 */
export function privateCacheControl(header: string | undefined): string {
  const kept = directivesOf(header ?? '').filter((directive) => !isForSharedCaches(directive))
  const isEnough = kept.some((directive) => ['private', 'no-store'].includes(nameOf(directive)))
  return (isEnough ? kept : [...kept, 'private']).join(', ')
}

function isForSharedCaches(directive: string): boolean {
  const name = nameOf(directive)
  return name === 'public' || name === 's-maxage' || (name === 'private' && directive.includes('='))
}

/** A quoted text may have commas in it. */
function directivesOf(header: string): string[] {
  const directives = header.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []
  return directives.map((directive) => directive.trim()).filter((directive) => directive !== '')
}

function nameOf(directive: string): string {
  return directive.split('=', 1)[0]?.trim().toLowerCase() ?? ''
}

/**
 * Whether a header tells shared caches how long to keep a response and goes before Cache-Control there. Beside a cookie
 * it is left out, so that Cache-Control: private counts.
 * @param name in lower case
 * @see RFC 9213 and Surrogate-Control, W3C Edge Architecture
 */
export function goesBeforeCacheControl(name: string): boolean {
  return name.endsWith('cdn-cache-control') || FOR_SHARED_CACHES.has(name)
}

/** Of surrogates, Akamai, nginx and LiteSpeed. */
const FOR_SHARED_CACHES = new Set(
  'surrogate-control akamai-cache-control edge-control x-accel-expires x-litespeed-cache-control'.split(' '),
)

/**
 * Whether a header belongs to one answer and says nothing of another: where it leads, what it contains, how long it
 * keeps, which cookies it sets. Policies such as Content-Security-Policy stay.
 * @param name in lower case
 */
export function isOfContent(name: string): boolean {
  if (name.startsWith('content-')) return !name.startsWith('content-security-policy')
  return OF_CONTENT.has(name) || goesBeforeCacheControl(name)
}

const OF_CONTENT = new Set(
  'accept-ranges age cache-control etag expires last-modified location refresh set-cookie trailer transfer-encoding'.split(
    ' ',
  ),
)
