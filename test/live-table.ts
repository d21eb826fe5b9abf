/**
 * What live tests prove, for the table in the README. In a `describe` whose tests go both ways between Node and a real
 * Django on a real server:
 *
 *     proves({ engine: 'cache', backend: 'RedisCache on Redis', django: '5.2' })
 *
 * A row stands in the table while at least one test under it passes and none fails: `npm test`, then `npm run table`.
 */
import { beforeEach } from 'vitest'

export interface ProvenRow {
  readonly engine: 'db' | 'cache' | 'cached_db' | 'file' | 'signed_cookies'
  /**
   * Where sessions are kept: `PostgreSQL`; of caches the last word of BACKEND and the server, `PyMemcacheCache on
   * Memcached`; of cached_db both, `PostgreSQL and RedisCache on Redis`; `files`; `the cookie`.
   */
  readonly backend: string
  /** `5.2` */
  readonly django: string
}

export type Direction = 'Django to Node' | 'Node to Django'

declare module 'vitest' {
  interface TaskMeta {
    proves?: readonly (ProvenRow & { readonly directions: readonly Direction[] })[]
  }
}

/** @param directions where the tests go one way alone */
export function proves(row: ProvenRow, directions: readonly Direction[] = ['Django to Node', 'Node to Django']): void {
  beforeEach(({ task }) => {
    task.meta.proves = [...(task.meta.proves ?? []), { ...row, directions }]
  })
}
