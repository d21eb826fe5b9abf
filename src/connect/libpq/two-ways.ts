/** The sslmodes `prefer` and `allow`: a connection with TLS and one without, whichever the server takes. */
import type { PostgresClient, PostgresPool } from '../../databases/postgres-pool.ts'

/** A pool of `pg` that can be ended. */
export interface EndedPool extends PostgresPool {
  end(): Promise<void>
}

/**
 * Tries the first pool and then, where the server wants it otherwise, the second; goes on with the one that worked
 * until it works no more. @see PQconnectPoll in fe-connect.c
 */
export function twoWays(first: EndedPool, second: EndedPool): EndedPool {
  let current = first
  return {
    async connect(): Promise<PostgresClient> {
      try {
        return await current.connect()
      } catch (error) {
        const other = current === first ? second : first
        if (!isAboutTheWay(error)) throw error
        const client = await other.connect().catch((also: unknown) => {
          current = first
          // What the server says goes before what TLS says.
          throw isOfServer(error) && !isOfServer(also) ? error : also
        })
        current = other
        return client
      }
    },
    on: (event, listener) => [first, second].map((pool) => pool.on?.(event, listener)),
    get totalCount() {
      return (first.totalCount ?? 0) + (second.totalCount ?? 0)
    },
    get idleCount() {
      return (first.idleCount ?? 0) + (second.idleCount ?? 0)
    },
    get waitingCount() {
      return (first.waitingCount ?? 0) + (second.waitingCount ?? 0)
    },
    ...(first.options && { options: first.options }),
    end: async () => void (await Promise.all([first.end(), second.end()])),
  }
}

/** A server that cannot be reached, or has no place, is the same for both ways. */
function isAboutTheWay(error: unknown): boolean {
  const { code, syscall, message } = error as { code?: unknown; syscall?: unknown; message?: unknown }
  if (isOfServer(error)) return !['53300', '57P03'].includes(String(code))
  return syscall !== 'connect' && syscall !== 'getaddrinfo' && !/^timeout |^Connection terminated/.test(String(message))
}

function isOfServer(error: unknown): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown }
  return typeof severity === 'string' && typeof code === 'string'
}
