/** A process that answers one request through a bridge and kills itself at a given place of a given statement. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { createPool, type FieldPacket, type PoolConnection } from 'mysql2'
import pg from 'pg'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import type { DatabaseClient } from '../../src/connect/database.ts'
import type { DjangoContext } from '../../src/context.ts'
import type { MysqlCallbackPool, MysqlConnection } from '../../src/databases/mysql-pool.ts'
import type { PostgresQuery } from '../../src/databases/postgres-pool.ts'
import type { CacheDictionary, DjangoSettings } from '../../src/settings/settings.ts'
import { linkInsteadOfMoving, watchFiles } from './watched-files.ts'
import { watchedRedis } from './watched-redis.ts'

export type Operation = 'save' | 'cycleKey' | 'flush' | 'rotation'

/**
 * Before the statement is sent; when it is sent, or in SQLite has changed a row and not committed, or of a file the first
 * half is written; after its reply.
 */
export type Moment = 'before' | 'during' | 'after'

export interface Place {
  /** Counted from 0. */
  readonly statement: number
  readonly moment: Moment
}

export interface VictimOptions {
  /** Beside the database; session files are watched instead of statements. */
  readonly settings: Partial<DjangoSettings>
  readonly databaseUrl: string
  readonly secretKey: string
  readonly fallbackKey: string
  /** The Cookie header. */
  readonly cookie: string
  readonly operation: Operation
  /** Null to go on to the end, and print what was sent. */
  readonly place: Place | null
  /** The name by which the server knows the connection. */
  readonly name: string
  /** Moves a session to its new key in two statements, to see that it is noticed. */
  readonly isCareless: boolean
}

const options = JSON.parse(process.argv[2] ?? '{}') as VictimOptions
/** The statements that were answered, by their first word. */
const sent: string[] = []

function isAt(moment: Moment): boolean {
  return options.place?.moment === moment && options.place.statement === sent.length
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

function answered(sql: string): void {
  if (isAt('after')) die()
  sent.push(sql.split(' ', 1)[0] ?? '')
}

const never = new Promise<never>(() => undefined)

function postgresClients() {
  const pool = new pg.Pool({ connectionString: options.databaseUrl, application_name: options.name, max: 1 })
  return {
    async connect() {
      const client = await pool.connect()
      return {
        release: (destroy?: boolean) => client.release(destroy),
        async query(asked: PostgresQuery, values: unknown[]) {
          if (isAt('before')) die()
          const asking = client.query(asked, values)
          if (isAt('during')) {
            // The driver has handed it to the system by then.
            setImmediate(die)
            await never
          }
          const result = await asking
          answered(asked.text)
          return result
        },
      }
    },
  }
}

function mysqlClient(): MysqlCallbackPool {
  const pool = createPool({ uri: options.databaseUrl, connectionLimit: 1 })
  return {
    getConnection(done) {
      pool.getConnection((error, connection) => {
        if (error) return done(error, connection)
        // What the server holds for this connection tells others when it is through with it.
        connection.query('SELECT GET_LOCK(?, 0)', [options.name], (refused) => done(refused, watched(connection)))
      })
    },
  }
}

function watched(connection: PoolConnection): MysqlConnection {
  const execute: MysqlConnection['execute'] = (asked, done) => {
    if (isAt('before')) die()
    if (isAt('during')) {
      // Prepared before, so that it is the statement itself that is on its way.
      return connection.prepare(asked as unknown as string, () => {
        connection.execute(asked, () => undefined)
        setImmediate(die)
      })
    }
    return connection.execute(asked, (error: NodeJS.ErrnoException | null, result: unknown, fields: FieldPacket[]) => {
      if (error === null) answered(asked.sql)
      done(error, result, fields)
    })
  }
  return {
    execute,
    query: (asked, done) => connection.query(asked, done),
    release: () => connection.release(),
    destroy: () => connection.destroy(),
    on: (event, listener) => connection.on(event, listener),
    removeListener: (event, listener) => connection.removeListener(event, listener),
  }
}

function sqliteClient(): DatabaseSync {
  const database = new DatabaseSync(options.databaseUrl.slice('sqlite:///'.length), { timeout: 10_000 })
  // So that a large change reaches the file before it is committed, and must be taken back from the journal.
  database.exec('PRAGMA cache_size = 1')
  let isMidway = false
  database.function('midway', () => {
    if (isMidway) die()
    return null
  })
  for (const verb of ['INSERT', 'UPDATE', 'DELETE']) {
    database.exec(`CREATE TEMP TRIGGER midway_${verb} AFTER ${verb} ON main.django_session BEGIN SELECT midway(); END`)
  }
  // From here on as the library has it.
  database.exec('PRAGMA busy_timeout = 0')
  const prepare = database.prepare.bind(database)

  function counted(sql: string): StatementSync {
    const statement = prepare(sql)
    const all = statement.all.bind(statement)
    const run = statement.run.bind(statement)
    const watched =
      <Values extends unknown[], Result>(work: (...values: Values) => Result) =>
      (...values: Values): Result => {
        if (isAt('before')) die()
        isMidway = isAt('during')
        const result = work(...values)
        answered(sql)
        return result
      }
    statement.all = watched(all) as StatementSync['all']
    statement.run = watched(run) as StatementSync['run']
    return statement
  }

  database.prepare = ((sql: string) =>
    options.isCareless && sql.includes('SET session_key')
      ? inTwoStatements(sql, counted)
      : counted(sql)) as typeof database.prepare
  return database
}

/** What a careless store does: the new row first, then the end of the old one. */
function inTwoStatements(sql: string, prepare: (sql: string) => StatementSync): StatementSync {
  const statement = prepare(sql)
  const insert = prepare('INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)')
  const end = prepare('DELETE FROM django_session WHERE session_key = ? AND session_data = ?')
  statement.run = ((...values: SQLInputValue[]) => {
    const [key = null, data = null, expiry = null, oldKey = null, oldData = null] = values
    insert.run(key, data, expiry)
    return end.run(oldKey, oldData)
  }) as StatementSync['run']
  return statement
}

async function act(django: DjangoContext): Promise<void> {
  const session = await django.session()
  if (options.operation === 'flush') return session.flush()
  if (options.operation === 'rotation') await django.user()
  session.set('state', 'new')
  if (options.operation === 'cycleKey') await session.cycleKey()
}

const CLIENTS: Readonly<Record<string, () => DatabaseClient>> = {
  'sqlite:': sqliteClient,
  'postgres:': postgresClients,
  'mysql:': mysqlClient,
}

/** Where the statements are watched, or the calls of the file system; of those, users come from elsewhere. */
function openBridge(): Bridge {
  const { databaseUrl, settings } = options
  const folder = settings.SESSION_FILE_PATH
  const keys = { SECRET_KEY: options.secretKey, SECRET_KEY_FALLBACKS: [options.fallbackKey], DEBUG: true }
  if (typeof folder === 'string') {
    if (options.isCareless) linkInsteadOfMoving(folder)
    watchFiles(folder, {
      before: () => isAt('before') && die(),
      midway: () => isAt('during') && die(),
      after: answered,
    })
    return createBridge({ ...keys, ...settings, DATABASES: { default: databaseUrl } })
  }
  const { LOCATION: location } = (settings.CACHES?.default ?? {}) as Partial<CacheDictionary>
  if (location !== undefined && settings.SESSION_ENGINE?.endsWith('.cache')) {
    const watch = { before: () => isAt('before') && die(), isMidway: () => isAt('during'), die, after: answered }
    const { name, isCareless } = options
    const cache = watchedRedis({ location: String(location), name, isCareless, watch })
    return createBridge(
      { ...keys, ...settings, DATABASES: { default: databaseUrl } },
      { clients: { caches: { default: cache } } },
    )
  }
  const client = CLIENTS[new URL(databaseUrl).protocol]?.()
  if (client === undefined) throw new Error('No such database.')
  return createBridge({ ...keys, ...settings }, { clients: { databases: { default: client } } })
}

const bridge = openBridge()
const django = bridge.open({ method: 'GET', url: '/', headers: { cookie: options.cookie }, secure: false })
await act(django)
await django.finish(200)
process.stdout.write(JSON.stringify(sent))
process.exit()
