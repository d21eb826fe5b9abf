/** URLs of databases: what dj-database-url and django-environ read, this library reads, or refuses without a word of it. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type DatabaseSettings, databaseSettings } from '../../src/settings/database-url.ts'
import { type Oracle, startOracle } from './oracle.ts'

/** Django's dictionary as a package makes it; null where it fails. */
interface Read {
  readonly ENGINE: string
  readonly NAME: string
  readonly USER?: string
  readonly PASSWORD?: string
  readonly HOST?: string
  readonly PORT?: number | ''
  readonly OPTIONS?: Readonly<Record<string, unknown>>
}
type Packages = Readonly<Record<'dj' | 'environ', Read | null>>

/** Both read them, and mean the same. */
const BOTH = [
  'postgres://ada:p@ss@db:5433/site',
  'postgres://ada:p%40ss@db.example:5433/site?sslmode=require',
  'postgres://ada@tenant:pw@db/site',
  'postgres://ada:p:ss@db/site',
  'postgres://ada:p@s:s@db/site',
  'postgres://ada:p%ss@db/site',
  'postgres://ada:100%@db/site',
  'postgres://ada:p+ss@db/site',
  'postgres://ada:p%2Bss%2F%3F%23@db/site',
  'postgres://ada:p%e4ss@db/site',
  'postgres://ada:pä@db/site',
  'postgres://:p@db/site',
  'postgres://ada:@db/site',
  'postgres://ada@db/site',
  'postgres://u:p@/site?host=/cloudsql/proj:region:inst',
  'postgres://u:p@[::1]:5433/site',
  'postgres://u:p@DB.Example/site',
  'postgres://u:p@db:/site',
  'postgres://db/site#fragment',
  'postgres://db/a/b',
  'postgres://db/si%20te',
  'postgres://u:p@db/site?sslmode=',
  'postgres://u:p@db/site?options=-c%20search_path%3Dshop',
  'postgres://u:p@db/site?application_name=a+b',
  ' postgres://u:p@db/site',
  'POSTGRES://u:p@db/site',
  'postgresql://db/site',
  'pgsql://ada@db/site',
  'postgis://db/site',
  'mysql://u:p@db:3307/site?charset=utf8mb4&ssl_mode=REQUIRED',
  'mysql://u:p@db/site?unix_socket=/run/mysqld.sock',
  'mysql2://db/site',
  'mysqlgis://db/site',
  'mysql-connector://db/site',
  'sqlite:///db.sqlite3',
  'sqlite:////abs/db.sqlite3',
  'sqlite:///a%20b.db',
  'sqlite://./db.sqlite3',
  'sqlite://',
  'sqlite:///',
  'sqlite://:memory:',
  'sqlite:///:memory:',
  'sqlite:///x.db?timeout=5',
  'spatialite:///x.db',
] as const

/** One of them reads them, and the other fails, or makes of them what cannot be meant. */
const ONE: readonly (readonly [keyof Packages, string])[] = [
  ['dj', 'postgres://%2Fcloudsql%2Fproj%3Aregion%3Ainst/site'],
  ['dj', 'mysql2://ada@%2Frun%2Fmysqld%2Fmysqld.sock/site'],
  ['dj', 'timescale://u:p@db/site'],
  ['environ', 'psql://u:p@db/site'],
  ['environ', 'postgres:////cloudsql/proj:region:inst/site'],
  ['environ', 'postgres://ada:p#ss@db/site'],
  ['environ', 'postgres://u:p[x@db/site'],
  ['environ', 'postgres://u:p@db/site?CONN_MAX_AGE=600&sslmode=require'],
  ['environ', 'postgres://u:p@db/site?conn_max_age=600'],
]

/** Neither reads them, or each reads another thing; the canary is in each password. */
const REFUSED = [
  'postgres://ada:canary/canary@db/site',
  'postgres://ada:canary?canary@db/site',
  'postgres://ada:canary@db:canary/site',
  'postgres://ada:canary@db:99999/site',
  'postgres://ada:canary@%2Fcloudsql%2Fproj:region:inst/site',
  'postgres://ada:canary@one:1,two:2/site',
  'postgres://ada:canary@db/site?sslmode=require&sslmode=disable',
  'canary://ada:canary@db/site',
  'postgres:/ada:canary@db/site',
  'postgres://ada:canary@db/',
  'postgres://ada:canary@db',
  'postgres://',
  'ada:canary@db/site',
  'sqlite://canary.sqlite3',
]

const packages = inject('urlPackages')

describe.skipIf('missing' in packages)('URLs of databases', () => {
  let oracle: Oracle
  let read: Map<string, Packages>
  beforeAll(async () => {
    oracle = startOracle('python' in packages ? packages.python : '', ['connections.py'])
    const urls = [...BOTH, ...ONE.map(([, url]) => url), ...REFUSED]
    const answers = await oracle.ask<Packages[]>({ op: 'urls', urls })
    read = new Map(urls.map((url, index) => [url, answers[index] as Packages]))
  })
  afterAll(() => oracle.stop())

  const plain = ({ name, user, password, host, port, options }: DatabaseSettings) => ({
    NAME: name,
    USER: user,
    PASSWORD: password,
    HOST: host,
    PORT: port ?? '',
    OPTIONS: options,
  })
  const ofPackage = (given: Read | null | undefined) => ({
    NAME: given?.NAME,
    USER: given?.USER ?? '',
    PASSWORD: given?.PASSWORD ?? '',
    HOST: given?.ENGINE.includes('lite') ? '' : (given?.HOST ?? ''),
    PORT: given?.PORT ?? '',
    // dj-database-url makes numbers and switches of text, which the drivers make text of again.
    OPTIONS: Object.fromEntries(Object.entries(given?.OPTIONS ?? {}).map(([name, value]) => [name, String(value)])),
  })

  test.each(BOTH)('%s is read as both packages read it', (url) => {
    const found = plain(databaseSettings('default', url))
    expect(found).toEqual(ofPackage(read.get(url)?.dj))
    expect(found).toEqual(ofPackage(read.get(url)?.environ))
  })

  test.each(ONE)('as %s alone reads it: %s', (name, url) => {
    expect(plain(databaseSettings('default', url))).toEqual(ofPackage(read.get(url)?.[name]))
  })

  test.each(REFUSED)('%s is refused, with no part of it in the message', (url) => {
    const { dj, environ } = read.get(url) ?? {}
    expect(JSON.stringify(ofPackage(dj))).not.toBe(JSON.stringify({ ...ofPackage(environ), NAME: 'site' }))
    const message = messageOf(() => databaseSettings('default', url))
    expect(message).toMatch(/^DATABASES\.default: /)
    expect(message).not.toMatch(/canary|@|region/)
  })
})

test('SQLAlchemy’s way to name a driver is passed over', () => {
  for (const scheme of ['postgresql+psycopg', 'postgresql+asyncpg', 'mysql+pymysql']) {
    expect(databaseSettings('default', `${scheme}://u:p@db/site`)).toMatchObject({ host: 'db', name: 'site' })
  }
})

function messageOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
