/** The databases that a long check runs on: by their names in `--database`, else every one that is at hand. */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type DatabaseHome, mysqlHome, postgresHome, sqliteHome } from './interop/live-site.ts'

/** Where each server is; SQLite needs none. */
const VARIABLES = { sqlite: null, postgres: 'BRIDGE_POSTGRES_URL', mysql: 'BRIDGE_MYSQL_URL' } as const

export type DatabaseName = keyof typeof VARIABLES

/** How `--database` is told in a command's help. */
export const DATABASE_OPTION = `--database sqlite|postgres|mysql
                 may be repeated; default sqlite, and those that BRIDGE_POSTGRES_URL and BRIDGE_MYSQL_URL name`

/** @returns what is to be run on, or what is wrong with what was asked for */
export function chosenDatabases(
  asked: readonly string[] | undefined,
): { names: DatabaseName[] } | { readonly refusal: string } {
  const known = Object.keys(VARIABLES) as DatabaseName[]
  const names = asked ?? known.filter((name) => VARIABLES[name] === null || serverUrl(name) !== undefined)
  const unknown = names.find((name) => !known.includes(name as DatabaseName))
  if (unknown !== undefined) return { refusal: `Not known: ${unknown}.` }
  const missing = (names as DatabaseName[]).find((name) => VARIABLES[name] !== null && serverUrl(name) === undefined)
  if (missing !== undefined) return { refusal: `For ${missing}, set ${VARIABLES[missing]}.` }
  return { names: names as DatabaseName[] }
}

export function serverUrl(name: DatabaseName): string | undefined {
  const variable = VARIABLES[name]
  return variable === null ? undefined : process.env[variable] || undefined
}

/** In memory where the system has a place for that: every commit would wait for the disk. */
const SHARED_MEMORY = '/dev/shm'

/** An empty database of that kind. */
export function newDatabase(name: DatabaseName): Promise<DatabaseHome> {
  const url = serverUrl(name) ?? ''
  if (name === 'postgres') return postgresHome({ url })
  if (name === 'mysql') return mysqlHome({ url })
  return sqliteHome(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir())
}

/** A value of Django's DATABASES. */
export type DjangoDatabase = Readonly<Record<string, unknown>>

export function djangoDatabase(url: string): DjangoDatabase {
  if (url.startsWith('sqlite:')) {
    return { ENGINE: 'django.db.backends.sqlite3', NAME: url.slice('sqlite:///'.length) }
  }
  const { protocol, hostname, port, username, password, pathname } = new URL(url)
  const [engine, standardPort] = protocol === 'mysql:' ? ['mysql', '3306'] : ['postgresql', '5432']
  return {
    ENGINE: `django.db.backends.${engine}`,
    NAME: pathname.slice(1),
    HOST: hostname,
    PORT: port || standardPort,
    USER: decodeURIComponent(username),
    PASSWORD: decodeURIComponent(password),
  }
}
