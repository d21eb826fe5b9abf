/** The Express servers that are compared, each in its own process, on one schema of PostgreSQL or one Redis. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { postgresFixture } from '../test/contracts/database-fixtures.ts'
import { missingRedisServer, startPrivateRedis } from '../test/private-redis.ts'
import type { ServerKind, ServerMessage, StoreName } from './express-server.ts'
import type { GroupTools } from './groups.ts'

export interface BenchServer {
  readonly kind: ServerKind
  readonly port: number
  /** Bytes of its heap, after a collection if there is to be one. */
  heapUsed(collect?: 'collect'): Promise<number>
  /** Cookies of as many new sessions; empty ones where there are no sessions. */
  newCookies(count: number): Promise<string[]>
}

/** The first is what the others are compared with. */
const KINDS: readonly ServerKind[] = [
  'django-session-bridge',
  'express-session',
  'express-session, no touch',
  'bare Express',
]

/** @see node_modules/connect-pg-simple/table.sql */
const SESSION_TABLE = `
  CREATE TABLE session (sid varchar NOT NULL PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL);
  CREATE INDEX ON session (expire);`

interface ServerOptions {
  readonly node?: readonly string[]
  /** Such as `-c name=value`. */
  readonly postgres?: string
}

/** Null, and said so, without a PostgreSQL. */
export async function startServers(
  { skip, defer }: GroupTools,
  { node = [], postgres = '' }: ServerOptions = {},
): Promise<BenchServer[] | null> {
  const url = process.env.BRIDGE_POSTGRES_URL
  if (!url) {
    skip('Express with PostgreSQL', 'set BRIDGE_POSTGRES_URL=postgres://user:password@host:5432/database')
    return null
  }
  const fixture = await postgresFixture(url)
  defer(() => fixture.close())
  await fixture.run(SESSION_TABLE)
  const [shown] = await fixture.run('SHOW search_path')
  return forked('postgres', { PGOPTIONS: `-c search_path=${shown?.search_path} ${postgres}` }, node, defer)
}

/** As `startServers`, with sessions in a Redis of their own. */
export async function startRedisServers({ skip, defer }: GroupTools): Promise<BenchServer[] | null> {
  const missing = missingRedisServer()
  if (missing !== null) {
    skip('Express with Redis', missing)
    return null
  }
  const redis = await startPrivateRedis()
  defer(() => redis.drop())
  return forked('redis', { BENCH_REDIS_URL: redis.url }, [], defer)
}

function forked(
  store: StoreName,
  variables: NodeJS.ProcessEnv,
  node: readonly string[],
  defer: GroupTools['defer'],
): Promise<BenchServer[]> {
  const env = { ...process.env, ...variables, NODE_ENV: 'production' }
  return Promise.all(
    KINDS.map(async (kind) => {
      const file = resolve(import.meta.dirname, 'express-server.ts')
      const child = fork(file, [kind, store], { env, execArgv: [...node] })
      const exited = once(child, 'exit')
      defer(async () => {
        child.disconnect()
        await exited
      })
      return serverOf(kind, child)
    }),
  )
}

async function serverOf(kind: ServerKind, child: ChildProcess): Promise<BenchServer> {
  const answer = async (): Promise<ServerMessage> => {
    const [message] = (await once(child, 'message')) as [ServerMessage]
    return message
  }
  const told = await answer()
  const port = 'port' in told ? told.port : 0
  return {
    kind,
    port,
    async heapUsed(collect) {
      const answered = answer()
      child.send(collect ?? 'look')
      const message = await answered
      return 'heapUsed' in message ? message.heapUsed : Number.NaN
    },
    newCookies: (count) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const response = await fetch(`http://127.0.0.1:${port}/write`)
          await response.text() // express-session ends it when the session is stored
          return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
        }),
      ),
  }
}
