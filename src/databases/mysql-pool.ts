/** A pool of `mysql2`: the part of it that is used, in whichever form a site has it. */
import type { PoolCounts } from './pool-use.ts'

export interface MysqlConnection {
  execute(options: MysqlQuery, done: MysqlCallback): unknown
  query(options: MysqlQuery, done: MysqlCallback): unknown
  release(): void
  destroy(): void
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
}

export interface MysqlQuery {
  sql: string
  values?: (string | Uint8Array | null)[]
}

export type MysqlCallback = (
  error: NodeJS.ErrnoException | null,
  result: unknown,
  fields?: readonly { readonly name: string }[],
) => void

export interface MysqlCallbackPool {
  getConnection(done: (error: NodeJS.ErrnoException | null, connection: MysqlConnection) => void): void
  on?(event: 'connection', listener: (connection: MysqlConnection) => void): unknown
}

/** A pool of `mysql2`, or of `mysql2/promise`, which has the former within. */
export type MysqlPool = MysqlCallbackPool | { readonly pool: MysqlCallbackPool }

export function callbackPool(given: MysqlPool): MysqlCallbackPool {
  return 'pool' in given ? given.pool : given
}

export function connectionOf(pool: MysqlCallbackPool): Promise<MysqlConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)))
  })
}

/** A pool keeps these to itself; one that has none is never called exhausted. */
interface PoolInside {
  readonly config?: { readonly connectionLimit?: number }
  readonly _allConnections?: { readonly length: number; get(index: number): { readonly authorized?: boolean } }
  readonly _freeConnections?: { readonly length: number }
}

export function countsOf(pool: MysqlCallbackPool): PoolCounts {
  const { config, _allConnections: all, _freeConnections: free } = pool as PoolInside
  if (all === undefined || free === undefined) return {}
  return {
    get totalCount() {
      return all.length
    },
    get idleCount() {
      return free.length
    },
    get standingCount() {
      const connections = Array.from({ length: all.length }, (_, index) => all.get(index))
      return connections.filter(({ authorized }) => authorized).length
    },
    // 0 is no limit.
    options: { max: config?.connectionLimit || Number.POSITIVE_INFINITY },
  }
}
