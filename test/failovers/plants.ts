/** Connections that do what a careless client does, to see that it is noticed. */
import type { RedisClient, RedisParameter } from '../../src/caches/redis-connection.ts'

/** Each plant, and what it must lead to. */
export const PLANTS = {
  /** Sends a write again as if its answer had been lost, and believes the second answer. */
  'resends writes': 'writes made twice',
  /** Says that a write has taken place, and sends none. */
  'forgets writes': 'writes',
  /** Says that a session is deleted, and sends nothing. */
  'forgets logouts': 'logouts',
} as const

export type Plant = keyof typeof PLANTS

/** A client whose every fifth write, or logout, goes wrong. */
export function planted<C extends RedisClient>(plant: Plant, client: C): C {
  const send = client.callBuffer.bind(client)
  let times = 0
  client.callBuffer = (async (command: string, ...parameters: RedisParameter[]) => {
    const isHit = command === (plant === 'forgets logouts' ? 'del' : 'evalsha') && ++times % 5 === 0
    if (!isHit) return send(command, ...parameters)
    if (plant !== 'resends writes') return 1
    await send(command, ...parameters)
    return send(command, ...parameters)
  }) as C['callBuffer']
  return client
}
