/**
 * Finds or starts the real servers that the live tests talk to, once per run, and says loudly which are missing.
 *
 * PostgreSQL: BRIDGE_POSTGRES_URL, MySQL or MariaDB: BRIDGE_MYSQL_URL, else containers. Memcached: its program, which
 * tests start themselves, by the path in BRIDGE_MEMCACHED, else on the PATH. Redis: BRIDGE_REDIS_URL, else a
 * redis-server of our own. Django 4.2 and 5.2: Pythons that `npm test` prepared. Django 6.1: a container where a Docker
 * engine answers and the base image can be had, else such a Python. In CI all must be there.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { MEMCACHED, missingMemcached } from './private-memcached.ts'
import { missingRedisServer, startPrivateRedis } from './private-redis.ts'

export interface Missing {
  readonly missing: string
}

export type DjangoRuntime =
  | { readonly version: string; readonly python: string }
  | { readonly version: string; readonly image: string }
  | ({ readonly version: string } & Missing)

/** A Python with a release of django-redis, and Django 5.2. */
export type DjangoRedisRuntime = { readonly release: string } & ({ readonly python: string } | Missing)

export type PreparedPython = { readonly python: string } | Missing

export type DatabaseServer = { readonly url: string } | Missing

/** The program, not a server: tests start several, with options of their own. */
export type MemcachedProgram = { readonly command: string } | Missing

/** Its databases are emptied by the tests. */
export type RedisServer = { readonly url: string } | Missing

declare module 'vitest' {
  interface ProvidedContext {
    memcached: MemcachedProgram
    postgres: DatabaseServer
    mysql: DatabaseServer
    redis: RedisServer
    djangos: readonly DjangoRuntime[]
    djangoRedis: readonly DjangoRedisRuntime[]
    /** A Python with dj-database-url and django-environ. */
    urlPackages: PreparedPython
    /** A Python with Django and mysqlclient. */
    mysqlclient: PreparedPython
    /** A Python with Django and packages that stand beside its sessions. */
    packages: PreparedPython
    /** Every Django that a Python of this machine can run, from 2.2 on, for questions that need no site. */
    pythons: readonly DjangoRuntime[]
  }
}

const FIXTURE = resolve(import.meta.dirname, '../python-fixtures')
const stops: (() => Promise<unknown>)[] = []

export async function setup(project: TestProject): Promise<void> {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true'
  const engine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 20_000 }).status === 0
  const postgres = await findServer(POSTGRES, engine)
  const mysql = await findServer(MYSQL, engine)
  const redis = await findRedis()
  const djangos = [preparedPython('4.2'), preparedPython('5.2'), await containerOrPython('6.1', engine)]
  const djangoRedis = ['5.4', '6.0', '7.0'].map(preparedDjangoRedis)
  const pythons = ['2.2', '3.2', '4.2', '5.2', '6.1'].map(preparedPython)
  const memcached = findMemcached()
  const urlPackages = preparedPython('connections')
  const mysqlclient = preparedPython('mysqlclient')
  const packages = preparedPython('packages')
  project.provide('memcached', memcached)
  project.provide('postgres', postgres)
  project.provide('mysql', mysql)
  project.provide('redis', redis)
  project.provide('djangos', djangos)
  project.provide('djangoRedis', djangoRedis)
  project.provide('pythons', pythons)
  project.provide('urlPackages', urlPackages)
  project.provide('mysqlclient', mysqlclient)
  project.provide('packages', packages)
  // It is compiled where it is used: a machine without a compiler and headers is none to fail for.
  if ('missing' in mysqlclient) console.warn(`\n  SKIPPED  mysqlclient: ${mysqlclient.missing}`)
  const absent = [
    ...('missing' in memcached ? [`Memcached: ${memcached.missing}`] : []),
    ...('missing' in postgres ? [`PostgreSQL: ${postgres.missing}`] : []),
    ...('missing' in mysql ? [`MySQL: ${mysql.missing}`] : []),
    ...('missing' in redis ? [`Redis: ${redis.missing}`] : []),
    ...[...djangos, ...pythons.slice(0, 2)].flatMap((django) =>
      'missing' in django ? [`Django ${django.version}: ${django.missing}`] : [],
    ),
    ...('missing' in urlPackages ? [`dj-database-url and django-environ: ${urlPackages.missing}`] : []),
    ...('missing' in packages ? [`packages beside the sessions: ${packages.missing}`] : []),
    ...djangoRedis.flatMap((found) => ('missing' in found ? [`django-redis ${found.release}: ${found.missing}`] : [])),
  ]
  for (const line of absent) console.warn(`\n  SKIPPED  ${line}`)
  if (absent.length > 0 && process.env.CI) throw new Error(`In CI every server must be there. ${absent.join('; ')}`)
}

export async function teardown(): Promise<void> {
  await Promise.all(stops.map((stop) => stop()))
}

interface ServerKind {
  readonly variable: string
  readonly scheme: string
  readonly port: number
  readonly imageVariable: string
  readonly image: string
  readonly environment: Readonly<Record<string, string>>
  /** What it logs when it can be used, and how often by then. */
  readonly ready: readonly [RegExp, number]
}

const POSTGRES: ServerKind = {
  variable: 'BRIDGE_POSTGRES_URL',
  scheme: 'postgres',
  port: 5432,
  imageVariable: 'POSTGRES_IMAGE',
  image: 'postgres:17',
  environment: { POSTGRES_PASSWORD: 'bridge', POSTGRES_USER: 'bridge', POSTGRES_DB: 'bridge' },
  ready: [/ready to accept connections/, 2],
}
const MYSQL: ServerKind = {
  variable: 'BRIDGE_MYSQL_URL',
  scheme: 'mysql',
  port: 3306,
  imageVariable: 'MYSQL_IMAGE',
  image: 'mysql:8.4',
  // Root, since tests make databases and users.
  environment: { MYSQL_ROOT_PASSWORD: 'bridge', MYSQL_DATABASE: 'bridge' },
  ready: [/ready for connections.*port: 3306/, 1],
}

async function findServer(kind: ServerKind, engine: boolean): Promise<DatabaseServer> {
  const url = process.env[kind.variable]
  if (url) return { url }
  const how = `set ${kind.variable}=${kind.scheme}://user:password@host:${kind.port}/database`
  if (!engine) return { missing: `${how}, or start a Docker engine` }
  const image = process.env[kind.imageVariable] ?? kind.image
  const user = kind === POSTGRES ? 'bridge' : 'root'
  try {
    const { GenericContainer, Wait } = await import('testcontainers')
    const container = await new GenericContainer(image)
      .withEnvironment(kind.environment)
      .withExposedPorts(kind.port)
      .withWaitStrategy(Wait.forLogMessage(...kind.ready))
      .start()
    stops.push(() => container.stop())
    return {
      url: `${kind.scheme}://${user}:bridge@${container.getHost()}:${container.getMappedPort(kind.port)}/bridge`,
    }
  } catch (error) {
    return { missing: `the image ${image} cannot be run (${reason(error)}); ${how}` }
  }
}

function findMemcached(): MemcachedProgram {
  const missing = missingMemcached()
  return missing === null ? { command: MEMCACHED } : { missing }
}

async function findRedis(): Promise<RedisServer> {
  const url = process.env.BRIDGE_REDIS_URL
  if (url) return { url }
  const missing = missingRedisServer()
  if (missing !== null) return { missing: `${missing}; install it, or set BRIDGE_REDIS_URL=redis://host:6379` }
  const server = await startPrivateRedis()
  stops.push(() => server.drop())
  return { url: server.url }
}

function preparedPython(version: string): { version: string } & ({ python: string } | Missing) {
  const variable = `BRIDGE_PYTHON_${version.replace(/\W/g, '_').toUpperCase()}`
  const python = process.env[variable]
  if (python) return { version, python }
  return { version, missing: process.env[`${variable}_MISSING`] || `${variable} is not set; \`npm test\` sets it` }
}

function preparedDjangoRedis(release: string): DjangoRedisRuntime {
  return { release, ...preparedPython(`redis-${release}`) }
}

async function containerOrPython(version: string, engine: boolean): Promise<DjangoRuntime> {
  const noEngine = 'no Docker engine answers'
  // The container shares the host's network, so that it reaches servers on 127.0.0.1; only Linux has that.
  const usable = engine && process.platform === 'linux'
  const image = usable ? buildImage(version) : { missing: engine ? 'containers are used on Linux only' : noEngine }
  if ('image' in image) return { version, image: image.image }
  const prepared = preparedPython(version)
  if (process.env.CI) return { version, missing: `CI runs it in a container, and ${image.missing}` }
  if (!('missing' in prepared)) {
    console.warn(`\n  Django ${version} runs in a virtual environment: ${image.missing}.`)
    return prepared
  }
  return { version, missing: `${image.missing}; ${prepared.missing}` }
}

function buildImage(version: string): { image: string } | Missing {
  const image = `django-session-bridge-fixture:${version}`
  const base = process.env.BASE_IMAGE ? ['--build-arg', `BASE_IMAGE=${process.env.BASE_IMAGE}`] : []
  const parameters = ['build', '--quiet', ...base, '--build-arg', `DJANGO=${version}`, '--tag', image, FIXTURE]
  try {
    execFileSync('docker', parameters, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 600_000 })
    return { image }
  } catch (error) {
    return { missing: `the fixture's image cannot be built (BASE_IMAGE names its base): ${reason(error)}` }
  }
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: Buffer; message?: string }
  return (stderr?.toString().trim() || message || 'unknown').split('\n').at(-1) ?? ''
}
