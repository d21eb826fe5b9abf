/** Where a site's sessions and users are, for messages: setting, server, port and name; never who goes there. */
import { escapeControls, StoreUnavailable } from '../errors.ts'
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

interface PlaceOptions {
  readonly sessionTable: { readonly name?: string }
  readonly userTable: { readonly using?: string }
  readonly clients: { readonly databases?: object; readonly caches?: object }
}

/** Every place that the engine of these settings keeps sessions in. */
export function sessionPlace(settings: Settings, { sessionTable, clients }: PlaceOptions): string {
  const engine = settings.SESSION_ENGINE.split('.').at(-1) ?? ''
  const alias = settings.SESSION_CACHE_ALIAS
  const database = isGiven(clients.databases, 'default') ? 'clients.databases.default' : databasePlace(settings)
  const cache = isGiven(clients.caches, alias) ? `clients.caches.${alias}` : cachePlace(settings)
  const table = `table ${sessionTable.name ?? 'django_session'} in ${database}`
  if (engine === 'file') return `SESSION_FILE_PATH ${settings.SESSION_FILE_PATH ?? 'of the system'}`
  if (engine === 'cache') return cache
  return engine === 'cached_db' ? `${table}; ${cache}` : table
}

/** The users of these settings. */
export function userPlace(settings: Settings, { clients, userTable }: PlaceOptions): string {
  const { using = 'default' } = userTable
  const database = isGiven(clients.databases, using) ? `clients.databases.${using}` : databasePlace(settings, using)
  return `the table of AUTH_USER_MODEL ${settings.AUTH_USER_MODEL} in ${database}`
}

function isGiven(clients: object | undefined, alias: string): boolean {
  return clients !== undefined && Object.hasOwn(clients, alias)
}

/** The answer of a call; a server that fails it is named in the error. */
export async function naming<T>(what: 'Sessions' | 'Users', place: () => string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    // Of one error for many calls, one says where.
    const isNamed =
      !(error instanceof StoreUnavailable) || error.reason === 'closed' || /(Sessions|Users): /.test(error.message)
    if (!isNamed) error.message = `${error.message} ${what}: ${escapeControls(place())}.`
    throw error
  }
}
