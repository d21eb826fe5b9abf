/** What goes out to Redis together. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { givenRedisConnection, type RedisClient } from '../../src/caches/redis-connection.ts'
import { startDeadline } from '../../src/deadline.ts'

function recordingClient(): { client: RedisClient; log: string[] } {
  const log: string[] = []
  const client = {
    status: 'ready',
    stream: { cork: () => log.push('cork'), uncork: () => log.push('uncork') },
    async callBuffer(command: string) {
      log.push(command)
      return command
    },
  }
  return { client: client as unknown as RedisClient, log }
}

describe('one connection', () => {
  test('sends what all requests ask in one turn of the event loop in one packet', async () => {
    const { client, log } = recordingClient()
    const connection = givenRedisConnection(client)
    const deadline = startDeadline(1000)
    const answers = Promise.all([
      connection.read(
        [
          ['get', 'a'],
          ['pttl', 'a'],
        ],
        deadline,
      ),
      connection.write([['del', 'b']], deadline),
    ])
    expect(await answers).toEqual([['get', 'pttl'], ['del']])
    await turn()
    expect(log).toEqual(['cork', 'get', 'pttl', 'del', 'uncork'])
    await connection.read([['ping']], deadline)
    await turn()
    expect(log.slice(5)).toEqual(['cork', 'ping', 'uncork'])
  })

  test('needs no stream, which a cluster has none of', async () => {
    const { client } = recordingClient()
    const connection = givenRedisConnection({ ...client, stream: undefined } as unknown as RedisClient)
    expect(await connection.read([['ping']], startDeadline(1000))).toEqual(['ping'])
  })
})
