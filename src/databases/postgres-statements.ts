/**
 * Statements as `pg` takes them. Each text is prepared once for a connection, under a name that is its hash: no other
 * statement can stand under that name, whoever shares the connection.
 */
import { hash } from 'node:crypto'
import type { Statement } from './pooled-statements.ts'
import type { PostgresClient, PostgresQuery, PostgresResult } from './postgres-pool.ts'

/** A statement that has a name of its own, or none. */
interface Text {
  readonly text: string
  readonly name: string
}

/** The texts of a bridge are few; more than this come from somewhere that makes them. */
const MAX_TEXTS = 200

/**
 * Sends statements by name, where the server keeps them. A pooler that gives each transaction another connection of
 * the server does not (PgBouncer before 1.21): there the statement is sent again without a name, and names stay off.
 * Nothing has happened by then, since the server refuses a statement that it does not have before it runs one.
 */
export function statementSender(
  isPrepared: boolean,
  types: PostgresQuery['types'],
): (client: PostgresClient, statement: Statement) => Promise<PostgresResult> {
  const texts = new Map<string, Text>()
  /** Connections whose prepared statements are older than the tables, after a migration. */
  const outdated = new WeakSet<PostgresClient>()
  let isNamed = isPrepared

  function textOf(sql: string): Text {
    let text = texts.get(sql)
    if (text === undefined) {
      const numberedSql = numbered(sql)
      text = { text: numberedSql, name: hash('sha256', numberedSql, 'base64url') }
      if (texts.size === MAX_TEXTS) texts.clear()
      texts.set(sql, text)
    }
    return text
  }

  return async (client, { sql, parameters }) => {
    const { text, name } = textOf(sql)
    const values = [...parameters]
    if (!isNamed || outdated.has(client)) return client.query({ text, types }, values)
    try {
      return await client.query({ text, name, types }, values)
    } catch (error) {
      if (isOutdated(error)) outdated.add(client)
      else if (isNotKept(error)) isNamed = false
      else throw error
      return client.query({ text, types }, values)
    }
  }
}

/** invalid_sql_statement_name and duplicate_prepared_statement: another connection of the server got the name. */
function isNotKept(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '26000' || code === '42P05'
}

/** `cached plan must not change result type`, in the server's language. */
function isOutdated(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown }
  return code === '0A000' && routine === 'RevalidateCachedQuery'
}

/** A quoted name may have a question mark of its own. */
function numbered(sql: string): string {
  let count = 0
  return sql.replace(/"(?:[^"]|"")*"|\?/g, (found) => (found === '?' ? `$${++count}` : found))
}
