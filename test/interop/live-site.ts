/** A live Django and a bridge on the same database, and a browser's cookie between them. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'
import { GenericContainer, Wait } from 'testcontainers'
import { type Bridge, type BridgeParts, createBridge } from '../../src/bridge.ts'
import type { DjangoContext, ResponseChanges, SuspiciousEvent } from '../../src/context.ts'
import type { CacheDictionary, DjangoSettings } from '../../src/settings/settings.ts'
import { type DjangoSite, startDjango } from '../../tour/django.ts'
import type { ProvenRow } from '../live-table.ts'
import type { DatabaseServer, DjangoRuntime } from '../servers.ts'

export const SECRET_KEY = 'the secret key of a live site, long enough for HS256'

export interface LiveSite {
  readonly django: DjangoClient
  readonly databaseUrl: string
  readonly reports: SuspiciousEvent[]
  readonly bridge: Bridge
  /** Another bridge on the same database, with other settings or hooks. */
  bridgeWith(settings: Partial<DjangoSettings>, parts?: BridgeParts): Bridge
  /** Runs SQL beside both, with `?` for parameters. */
  sql(text: string, ...parameters: (string | number)[]): Promise<{ [column: string]: unknown }[]>
  stop(): Promise<void>
}

type DatabaseKind = 'SQLite' | 'PostgreSQL' | 'MySQL'

/** The servers that a run has. */
export interface Servers {
  readonly postgres: DatabaseServer
  readonly mysql: DatabaseServer
}

/** Every Django that is there, on every database that is there: pairs for `describe.each`. */
export function sitesToTest(djangos: readonly DjangoRuntime[], servers: Servers) {
  const databases: DatabaseKind[] = [
    'SQLite',
    ...('missing' in servers.postgres ? [] : ['PostgreSQL' as const]),
    ...('missing' in servers.mysql ? [] : ['MySQL' as const]),
  ]
  const present = djangos.filter((django) => !('missing' in django))
  return present.flatMap((runtime) =>
    databases.map((database) => ({
      name: `Django ${runtime.version} ${'image' in runtime ? 'in a container' : 'in a virtual environment'}, ${database}`,
      runtime,
      database,
      servers,
    })),
  )
}

export type SiteToTest = ReturnType<typeof sitesToTest>[number]

/** For the table in the README, whose server of MySQL's protocol is CI's. */
export function rowOf({ runtime, database }: SiteToTest): ProvenRow {
  return { engine: 'db', backend: database === 'MySQL' ? 'MariaDB' : database, django: runtime.version }
}

export async function startLiveSite(
  { runtime, database, servers }: SiteToTest,
  settings: Partial<DjangoSettings> = {},
): Promise<LiveSite> {
  // Up to 4.2 the default is another.
  const shared = { SECRET_KEY, USE_TZ: true, ...settings }
  const home = await HOMES[database](servers)
  const site = await startRuntime(runtime, home, shared).catch(async (error) => {
    await home.drop()
    throw error
  })
  const reports: SuspiciousEvent[] = []
  const bridges: Bridge[] = []
  const bridgeWith: LiveSite['bridgeWith'] = (changes, { hooks, options, ...parts } = {}) => {
    const bridge = createBridge(
      { ...shared, DEBUG: true, DJANGO_VERSION: runtime.version, DATABASES: { default: home.url }, ...changes },
      {
        ...parts,
        // Other tests make their databases meanwhile, which a server may take seconds for.
        options: { deadlineMs: 30_000, ...options },
        hooks: { onSuspicious: (event) => reports.push(event), onWarning: () => undefined, ...hooks },
      },
    )
    bridges.push(bridge)
    return bridge
  }
  return {
    django: new DjangoClient(site.url),
    databaseUrl: home.url,
    reports,
    bridge: bridgeWith({}),
    bridgeWith,
    sql: (text, ...parameters) => home.sql(text, parameters),
    async stop() {
      await Promise.all([site.stop(), ...bridges.map((bridge) => bridge.close())])
      await home.drop()
    },
  }
}

/** A database of its own, empty, which goes with `drop`. */
export interface DatabaseHome {
  readonly url: string
  /** What a container must see at the same place. */
  readonly folder?: string
  readonly sql: (text: string, parameters: (string | number)[]) => Promise<{ [column: string]: unknown }[]>
  drop(): Promise<void>
}

export async function sqliteHome(parent: string = tmpdir()): Promise<DatabaseHome> {
  const folder = mkdtempSync(join(parent, 'live-site-'))
  const file = join(folder, 'site.sqlite3')
  return {
    folder,
    url: `sqlite:///${file}`,
    async sql(text, parameters) {
      const database = new DatabaseSync(file)
      try {
        return database.prepare(text).all(...parameters)
      } finally {
        database.close()
      }
    },
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

const HOMES: Readonly<Record<DatabaseKind, (servers: Servers) => Promise<DatabaseHome>>> = {
  SQLite: () => sqliteHome(),
  PostgreSQL: ({ postgres }) => postgresHome(postgres),
  MySQL: ({ mysql }) => mysqlHome(mysql),
}

export async function mysqlHome(server: DatabaseServer): Promise<DatabaseHome> {
  if ('missing' in server) throw new Error(server.missing)
  const name = `bridge_${randomUUID().replaceAll('-', '')}`
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const run = async (connectTo: string, text: string, parameters: (string | number)[] = []) => {
    const client = await createConnection({ uri: connectTo, dateStrings: true })
    try {
      return (await client.query<RowDataPacket[]>(text, parameters))[0]
    } finally {
      await client.end()
    }
  }
  await run(server.url, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  return {
    url: url.href,
    sql: (text, parameters) => run(url.href, text, parameters),
    async drop() {
      await run(server.url, `DROP DATABASE ${name}`)
    },
  }
}

export async function postgresHome(server: DatabaseServer): Promise<DatabaseHome> {
  if ('missing' in server) throw new Error(server.missing)
  const name = `bridge_${randomUUID().replaceAll('-', '')}`
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const run = async (connectTo: string, text: string, parameters: (string | number)[] = []) => {
    const client = new pg.Client(connectTo)
    await client.connect()
    let count = 0
    try {
      const { rows } = await client.query(
        text.replaceAll('?', () => `$${++count}`),
        parameters,
      )
      return rows as { [column: string]: unknown }[]
    } finally {
      await client.end()
    }
  }
  await run(server.url, `CREATE DATABASE ${name}`)
  return {
    url: url.href,
    sql: (text, parameters) => run(url.href, text, parameters),
    async drop() {
      await run(server.url, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

async function startRuntime(
  runtime: DjangoRuntime,
  home: DatabaseHome,
  settings: Partial<DjangoSettings>,
): Promise<DjangoSite> {
  if ('missing' in runtime) throw new Error(runtime.missing)
  if ('python' in runtime) return startDjango({ python: runtime.python, databaseUrl: home.url, settings })
  const { promise: port, resolve: found } = Promise.withResolvers<string>()
  let output = ''
  const container = await new GenericContainer(runtime.image)
    .withNetworkMode('host')
    .withEnvironment({ DATABASE_URL: home.url, FIXTURE_SETTINGS: JSON.stringify(settings) })
    .withBindMounts(
      [home.folder, settings.SESSION_FILE_PATH, (settings.CACHES?.default as CacheDictionary | undefined)?.LOCATION]
        .filter((folder): folder is string => typeof folder === 'string' && isAbsolute(folder))
        .map((folder) => ({ source: folder, target: folder })),
    )
    .withCommand(['python', 'manage.py', 'serve_fixture'])
    .withLogConsumer((stream) =>
      stream.on('data', (line) => {
        output += line
        const match = /"port": (\d+)/.exec(output)
        if (match?.[1] !== undefined) found(match[1])
      }),
    )
    .withWaitStrategy(Wait.forLogMessage(/"port"/))
    .start()
  return {
    url: `http://127.0.0.1:${await port}`,
    async stop() {
      await container.stop()
    },
  }
}

export interface WhoAmI {
  authenticated: boolean
  pk: string | null
  username: string
}

export interface DjangoSession {
  key: string | null
  data: { [name: string]: unknown }
  expiry_age: number
  expiry_date: string
  at_browser_close: boolean
}

/** Requests to the fixture's JSON views, with the cookie of one browser. */
export class DjangoClient {
  readonly url: string
  cookie: string | null = null
  /** The Set-Cookie line of the last response for the session's cookie. */
  lastSetCookie: string | null = null
  /** Every Set-Cookie line of the last response. */
  setCookies: readonly string[] = []

  constructor(url: string) {
    this.url = url
  }

  whoami(): Promise<WhoAmI> {
    return this.json('/api/whoami')
  }

  session(change?: object): Promise<DjangoSession> {
    return this.json('/api/session', change)
  }

  login(username: string): Promise<WhoAmI> {
    return this.json('/api/login', { username })
  }

  logout(): Promise<WhoAmI> {
    return this.json('/api/logout', {})
  }

  /** Changes a user from another browser. */
  user(change: object): Promise<{ pk: string }> {
    return this.json('/api/user', change, NO_SESSION)
  }

  /** How often Django's security logger spoke of a session that it cannot trust. */
  async suspiciousSessions(): Promise<number> {
    const counts = await this.json<{ SuspiciousSession?: number }>('/api/security-log', undefined, NO_SESSION)
    return counts.SuspiciousSession ?? 0
  }

  /** Takes over what a response of Node did with the cookie. */
  accept(changes: ResponseChanges): void {
    const sent = changes.cookies[0]
    if (sent !== undefined) this.cookie = sent.value === '' ? null : sent.value
  }

  /** The Cookie header that the browser would send now. */
  get header(): string | undefined {
    return this.cookie === null ? undefined : `sessionid=${this.cookie}`
  }

  async json<T>(path: string, body?: object, cookieHeader: string | undefined = this.header): Promise<T> {
    const { status, setCookies, text } = await send(`${this.url}${path}`, body, cookieHeader)
    if (status !== 200) throw new Error(`Django answered ${path} with ${status}: ${text.slice(0, 300)}`)
    const line = setCookies.find((header) => header.trimStart().startsWith('sessionid='))?.trimStart()
    this.lastSetCookie = line ?? null
    this.setCookies = setCookies
    if (line !== undefined) {
      const value = line.slice('sessionid='.length, line.indexOf(';'))
      this.cookie = value === '""' ? null : value
    }
    return JSON.parse(text) as T
  }
}

const NO_SESSION = 'other=1'

/** With node:http, since fetch would not send every Cookie header. */
function send(url: string, body: object | undefined, cookie: string | undefined) {
  return new Promise<{ status: number; setCookies: string[]; text: string }>((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(cookie !== undefined && { cookie }),
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    const sent = request(url, { method: text === undefined ? 'GET' : 'POST', headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          setCookies: response.headers['set-cookie'] ?? [],
          text: Buffer.concat(chunks).toString(),
        })
      })
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

/** Opens a request at Node's side with the browser's cookie. */
export function openWith(bridge: Bridge, cookie: string | undefined): DjangoContext {
  const headers = cookie === undefined ? {} : { cookie }
  return bridge.open({ method: 'GET', url: '/', headers, secure: false })
}
