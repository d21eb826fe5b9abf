/** A pool of `pg`: the part of it that is used. */
import type { PoolCounts } from './pool-use.ts'

/** The part of a `pg` client that is used. */
export interface PostgresClient {
  query(query: PostgresQuery, values: unknown[]): Promise<PostgresResult>
  /** With `true` the connection is closed instead of going back to the pool. */
  release(destroy?: boolean): void
  on?(event: 'error', listener: () => void): unknown
  removeListener?(event: 'error', listener: () => void): unknown
}

/** A statement, and how its values are read: a site may have set `pg.types` to make something else of them. */
export interface PostgresQuery {
  readonly text: string
  /** Under which the connection keeps the statement prepared; absent for one that is not kept. */
  readonly name?: string
  readonly types: { getTypeParser(oid: number, format?: string): (value: never) => unknown }
}

export interface PostgresResult {
  readonly rows: unknown[]
  readonly fields?: readonly { readonly name: string; readonly dataTypeID: number }[]
  readonly rowCount: number | null
}

/** The part of a `pg` Pool that is used. */
export interface PostgresPool extends PoolCounts {
  connect(): Promise<PostgresClient>
}
