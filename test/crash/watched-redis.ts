/** A client of Redis whose every command is a place where its process may be killed. */
import { Redis } from 'ioredis'
import { REMOVE } from '../../src/caches/redis-scripts.ts'

export interface Watch {
  /** Called before a command is sent. */
  before(): void
  /** Whether the process is to die once the system has the command. */
  isMidway(): boolean
  die(): void
  /** Called with the name of a command that was answered. */
  after(command: string): void
}

export interface WatchedRedisOptions {
  readonly location: string
  /** By which the server knows the connection. */
  readonly name: string
  readonly watch: Watch
  /** Adds the new key before it ends the old one. */
  readonly isCareless: boolean
}

const never = new Promise<never>(() => undefined)

export function watchedRedis({ location, name, watch, isCareless }: WatchedRedisOptions): Redis {
  const safe = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, lazyConnect: true }
  const client = new Redis(location, { ...safe, connectionName: name })
  const send = client.callBuffer.bind(client) as (command: string, ...parameters: unknown[]) => Promise<unknown>

  async function watched(command: string, ...parameters: unknown[]): Promise<unknown> {
    watch.before()
    const answer = send(command, ...parameters)
    if (watch.isMidway()) {
      setImmediate(watch.die)
      await never
    }
    await answer
    watch.after(command)
    return answer
  }

  let held: unknown[] | null = null
  client.callBuffer = async (command: string, ...parameters: unknown[]): Promise<unknown> => {
    // It travels with GET, in one packet.
    if (command === 'pttl') return send(command, ...parameters)
    if (isCareless && parameters[0] === REMOVE.sha1) {
      held = parameters
      return 1
    }
    const answer = await watched(command, ...parameters)
    if (held !== null) await watched('evalsha', ...held.splice(0))
    held = null
    return answer
  }
  return client
}
