/** SQLite drivers that do to a store's statements what a careless store would do. */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { Clients } from '../../src/connect/connect.ts'

/** Each plant, and the anomaly that it must lead to. */
export const PLANTS = {
  /** Saves without a look at what is stored. */
  'blind saves': 'lost',
  /** Makes a new row where the one to save is gone. */
  upserts: 'resurrection',
  /** Now and then reads the session that was read before. */
  'crossed answers': 'crossed',
} as const

export type Plant = keyof typeof PLANTS

export function plantedClients(plant: Plant, databaseUrl: string): Clients {
  const database = new DatabaseSync(databaseUrl.replace('sqlite:///', ''))
  const prepare = database.prepare.bind(database)
  let lastKey: SQLInputValue | undefined
  let reads = 0

  function careless(sql: string): StatementSync {
    const isSave = sql.startsWith('UPDATE') && sql.includes('AND session_data = ?')
    if (plant === 'blind saves' && isSave) return prepare(sql.replace('AND session_data = ?', 'AND ? IS NOT NULL'))
    const statement = prepare(sql)
    if (plant === 'upserts' && isSave && sql.includes('SET "session_data"')) {
      const insert = prepare('INSERT OR REPLACE INTO django_session VALUES (?, ?, ?)')
      const run = statement.run.bind(statement)
      statement.run = ((...values: SQLInputValue[]) => {
        const [data, expiry, key] = values
        const changed = run(...values)
        return Number(changed.changes) === 0 ? insert.run(key ?? null, data ?? null, expiry ?? null) : changed
      }) as StatementSync['run']
    }
    if (plant === 'crossed answers' && sql.startsWith('SELECT session_key, session_data')) {
      const all = statement.all.bind(statement)
      statement.all = ((...values: SQLInputValue[]) => {
        const key = values[1]
        const other = ++reads % 20 === 0 ? lastKey : undefined
        lastKey = key
        const rows = all(values[0] ?? null, other ?? key ?? null)
        return rows.map((row): Record<string, SQLOutputValue> => ({ ...row, session_key: key as string }))
      }) as StatementSync['all']
    }
    return statement
  }

  database.prepare = careless as typeof database.prepare
  return { databases: { default: database } }
}
