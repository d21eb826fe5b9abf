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
 * `no-store` says more already.
 */
export function privateCacheControl(header: string | undefined): string {
  if (header === undefined) return 'private'
  const directives = header
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '')
  const named = (directive: string): string => directive.split('=', 1)[0]?.trim().toLowerCase() ?? ''
  const kept = directives.filter((directive) => !['public', 's-maxage'].includes(named(directive)))
  const enough = kept.some((directive) => ['private', 'no-store'].includes(named(directive)))
  return (enough ? kept : [...kept, 'private']).join(', ')
}

/**
 * Whether a header belongs to one answer and says nothing of another: where it leads, what it contains, how long it
 * keeps, which cookies it sets. Policies such as Content-Security-Policy stay.
 * @param name in lower case
 */
export function isOfContent(name: string): boolean {
  if (name.startsWith('content-')) return !name.startsWith('content-security-policy')
  return OF_CONTENT.has(name)
}

const OF_CONTENT = new Set(
  'accept-ranges age cache-control etag expires last-modified location refresh set-cookie trailer transfer-encoding'.split(
    ' ',
  ),
)
