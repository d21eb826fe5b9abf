/** TLS where the server has it, as MySQL's PREFERRED. */
import type { MysqlCallbackPool, MysqlConnection } from '../../databases/mysql-pool.ts'

/** A pool of `mysql2` that can be ended. */
export interface EndedMysqlPool extends MysqlCallbackPool {
  end(done: () => void): void
}

type Done = (error: NodeJS.ErrnoException | null, connection: MysqlConnection) => void

/** Goes on with the pool that worked until it works no more. */
export function twoWays(secure: EndedMysqlPool, plain: EndedMysqlPool): EndedMysqlPool {
  let current = secure
  function getConnection(done: Done): void {
    current.getConnection((error, connection) => {
      if (!error || current === plain || !NO_TLS.includes(String(error.code))) {
        if (error) current = secure
        done(error, connection)
        return
      }
      plain.getConnection((also, found) => {
        if (!also) current = plain
        done(also, found)
      })
    })
  }
  const inside = (name: string): object => ({ get: () => Reflect.get(current, name) })
  const pools: EndedMysqlPool = {
    getConnection,
    on: (event, listener) => [secure, plain].map((pool) => pool.on?.(event, listener)),
    end: (done) => secure.end(() => plain.end(done)),
  }
  return Object.defineProperties(pools, {
    config: inside('config'),
    _allConnections: inside('_allConnections'),
    _freeConnections: inside('_freeConnections'),
    _connectionQueue: inside('_connectionQueue'),
  })
}

const NO_TLS = ['HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR']
