/** A database for one site and one run. */
import { join } from 'node:path'
import pg from 'pg'
import type { RealSite } from './real-site.ts'

export interface OwnDatabase {
  /** The line of Python that names it. */
  readonly settings: string
  drop(): Promise<void>
}

export async function databaseFor({ database, name }: RealSite, folder: string): Promise<OwnDatabase> {
  if (database === 'own') return { settings: '', drop: async () => undefined }
  if (database === 'sqlite') {
    const file = { ENGINE: 'django.db.backends.sqlite3', NAME: join(folder, 'db.sqlite3') }
    return { settings: setting(file), drop: async () => undefined }
  }
  const url = process.env.BRIDGE_POSTGRES_URL
  if (url === undefined) throw new Error('needs a PostgreSQL: set BRIDGE_POSTGRES_URL')
  const { hostname, port, username, password } = new URL(url)
  const NAME = `real_site_${name}_${process.pid}`
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client(url)
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  await run(`CREATE DATABASE ${NAME}`)
  return {
    settings: setting({
      ENGINE: 'django.db.backends.postgresql',
      NAME,
      HOST: hostname,
      PORT: port || '5432',
      USER: decodeURIComponent(username),
      PASSWORD: decodeURIComponent(password),
    }),
    drop: () => run(`DROP DATABASE ${NAME} WITH (FORCE)`),
  }
}

function setting(database: Readonly<Record<string, string>>): string {
  return `DATABASES = {"default": ${JSON.stringify(database)}}`
}
