/** Where a site's sessions and users are, for messages: setting, server, port and name; never who goes there. */
import type { Settings } from '../settings/settings.ts'

/** `DATABASES.default (postgresql, shop at db.example:5432)` */
export function databasePlace({ DATABASES }: Settings, alias = 'default'): string {
  const database = DATABASES[alias]
  if (database === undefined) return `DATABASES.${alias}, which is missing`
  const { vendor, name, host, port } = database
  const server = host === '' ? '' : ` at ${host}${port === null ? '' : `:${port}`}`
  return `DATABASES.${alias} (${vendor}, ${name}${server})`
}

/** `CACHES.default (RedisCache, redis.example:6379/1)` */
export function cachePlace({ CACHES, SESSION_CACHE_ALIAS: alias }: Settings): string {
  const cache = CACHES[alias]
  if (cache === undefined) return `CACHES.${alias}, which is missing`
  const { location, backend } = cache
  const servers = typeof location === 'string' ? [location] : location
  const shown = servers.flatMap((text) => text.split(/[;,]/)).map(withoutCredentials)
  return `CACHES.${alias} (${[backend.split('.').at(-1), ...shown].filter((text) => text !== '').join(', ')})`
}

/** What stands behind the last @, without a query, in which a password may be. */
function withoutCredentials(address: string): string {
  const [, rest = address] = /^[a-z+]+:\/\/(.*)$/is.exec(address) ?? []
  return rest
    .slice(rest.lastIndexOf('@') + 1)
    .replace(/[?#].*$/s, '')
    .trim()
}
