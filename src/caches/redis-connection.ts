/**
 * One connection to Redis, shared by all requests of a bridge: `ioredis` sends what comes without waiting for earlier
 * answers, and Redis answers in order. A connection of our own that missed a deadline or broke is destroyed and never
 * used again; the next call makes a new one. Sentinel and Cluster differ only in the client that is made.
 */

import { callLimit, MOST_CALLS } from '../call-limit.ts'
import { createCircuit, noCircuit } from '../circuit.ts'
import { type Deadline, refuseOnceOver, startDeadline, withinDeadline } from '../deadline.ts'
import { StoreUnavailable } from '../errors.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import { startPatience } from '../patience.ts'
import { isOutOfDate, isUnsent, mayComeBack, RedisRefusal, redisFault } from './redis-faults.ts'

/** The part of an `ioredis` client that is used; a Redis and a Cluster both have it. */
export interface RedisClient {
  /** `wait`, `connecting`, `connect`, `ready`, `close`, `reconnecting` or `end`. */
  readonly status: string
  /** The connection of a single server. */
  readonly stream?: { cork(): void; uncork(): void }
  connect(): Promise<void>
  /** Sends one command; text in the answer stays bytes. */
  callBuffer(command: string, ...parameters: RedisParameter[]): Promise<unknown>
  /** Ends the connection once earlier commands are answered. */
  quit(): Promise<unknown>
  /** Ends it at once; with `true`, to connect again. */
  disconnect(reconnect?: boolean): void
  on(event: 'error', listener: (error: unknown) => void): unknown
  once(event: 'ready' | 'end', listener: () => void): unknown
  removeListener(event: 'ready' | 'end', listener: () => void): unknown
}

export type RedisParameter = string | Buffer | number

/** A command by its name, and its parameters. */
export type RedisCommand = readonly [name: string, ...parameters: RedisParameter[]]

export interface RedisConnection {
  /** Runs commands that may be sent again when the connection breaks. @throws StoreUnavailable, RedisRefusal */
  read(commands: readonly RedisCommand[], deadline: Deadline): Promise<unknown[]>
  /**
   * Runs commands that are sent again only when it is certain that none took place.
   * @throws StoreUnavailable, RedisRefusal, OutcomeUnknown
   */
  write(commands: readonly RedisCommand[], deadline: Deadline): Promise<unknown[]>
  /** Ends what this object opened itself. */
  close(): Promise<void>
}

export interface RedisConnectionOptions {
  /** Makes a client of our own that has not connected yet (`lazyConnect`) and never connects again by itself. */
  readonly make: () => Promise<RedisClient>
  /** Milliseconds for making a connection. */
  readonly deadlineMs: number
  /** Whether calls fail at once while the server cannot be reached. Default true. */
  readonly hasCircuit?: boolean | undefined
}

/** A connection of our own. */
export function redisConnection({ make, deadlineMs, hasCircuit = true }: RedisConnectionOptions): RedisConnection {
  const circuit = hasCircuit ? createCircuit(redisFault) : noCircuit
  let client: RedisClient | null = null
  let opening: Promise<RedisClient> | null = null

  /** All who wait for a connection wait for the same one. */
  function open(): Promise<RedisClient> {
    opening ??= connectOnce(make, startDeadline(deadlineMs)).then(
      (made) => {
        client = made
        opening = null
        return made
      },
      (error: unknown) => {
        opening = null
        throw error
      },
    )
    return opening
  }

  async function openPatiently(deadline: Deadline): Promise<RedisClient> {
    for (const patience = startPatience(deadline); ; await patience.pause()) {
      try {
        return await withinDeadline(open(), deadline, () => undefined)
      } catch (error) {
        if (!mayComeBack(error) || patience.isOver()) throw error
      }
    }
  }

  return connectionOver({
    ready: () => (client?.status === 'ready' ? client : null),
    checkOut: (deadline) => circuit(() => openPatiently(deadline)),
    discard(used) {
      // Once: all that waits on a silent connection gives it up at the same time.
      if (client !== used) return
      client = null
      used.disconnect()
    },
    async close() {
      const ending = client ?? (await opening?.catch(() => null)) ?? null
      client = null
      if (ending?.status === 'ready') {
        await withinDeadline(ending.quit(), startDeadline(deadlineMs), () => undefined).catch(() => undefined)
      }
      ending?.disconnect()
    },
  })
}

/** A client that was given: it connects by itself, and is never ended. */
export function givenRedisConnection(
  client: RedisClient,
  { hasCircuit = true }: Pick<RedisConnectionOptions, 'hasCircuit'> = {},
): RedisConnection {
  const circuit = hasCircuit ? createCircuit(redisFault) : noCircuit
  let waiting: Promise<RedisClient> | null = null

  function readyOnce(): Promise<RedisClient> {
    waiting ??= untilReady(client).finally(() => {
      waiting = null
    })
    return waiting
  }

  return connectionOver({
    ready: () => (client.status === 'ready' ? client : null),
    checkOut: (deadline) => circuit(() => withinDeadline(readyOnce(), deadline, () => undefined)),
    // One that is silent may be half-open, and would stay so for minutes.
    discard: (used) => used.status === 'ready' && used.disconnect(true),
    close: async () => {},
  })
}

interface Source {
  /** The client, if it can be used now. */
  ready(): RedisClient | null
  /** Waits until it can be. */
  checkOut(deadline: Deadline): Promise<RedisClient>
  /** Of a client that is of no more use: silent, or leading to the wrong server. */
  discard(client: RedisClient): void
  close(): Promise<void>
}

/** They share one connection, which sends without waiting. */
const MOST_COMMANDS = 10 * MOST_CALLS

function connectionOver({ ready, checkOut, discard, close }: Source): RedisConnection {
  const limit = callLimit('Redis', MOST_COMMANDS)

  async function run(commands: readonly RedisCommand[], isRead: boolean, deadline: Deadline): Promise<unknown[]> {
    for (const patience = startPatience(deadline); ; await patience.pause()) {
      refuseOnceOver(deadline)
      const client = ready() ?? (await inTime(deadline))
      try {
        return await withinDeadline(sendAtOnce(client, commands), deadline, () => discard(client))
      } catch (error) {
        const fault = redisFault(error)
        const isAnswer = fault instanceof RedisRefusal
        if (isOutOfDate(fault)) discard(client)
        const isHarmless = isAnswer ? fault.reason === 'starting_up' : isUnsent(error) || isRead
        if (isHarmless && mayComeBack(fault) && !patience.isOver()) continue
        const isUnknown = !isRead && !isAnswer && !isUnsent(error) && fault instanceof StoreUnavailable
        throw isUnknown ? new OutcomeUnknown(fault) : fault
      }
    }
  }

  /** @throws StoreUnavailable also when the client comes with the end of the deadline */
  async function inTime(deadline: Deadline): Promise<RedisClient> {
    const client = await checkOut(deadline).catch((error: unknown) => {
      throw redisFault(error)
    })
    refuseOnceOver(deadline)
    return client
  }

  return {
    read: (commands, deadline) => limit.run(() => run(commands, true, deadline)),
    write: (commands, deadline) => limit.run(() => run(commands, false, deadline)),
    close,
  }
}

type Stream = NonNullable<RedisClient['stream']>

const held = new WeakSet<Stream>()

/** All that is sent in one turn of the event loop goes out in one packet, where the client has one connection. */
function sendAtOnce(client: RedisClient, commands: readonly RedisCommand[]): Promise<unknown[]> {
  const { stream } = client
  if (stream !== undefined && !held.has(stream)) {
    held.add(stream)
    stream.cork()
    setImmediate(() => {
      held.delete(stream)
      stream.uncork()
    })
  }
  const answers = commands.map((command) => client.callBuffer(...command))
  return answers.length === 1 ? (answers[0] as Promise<unknown>).then(alone) : Promise.all(answers)
}

/** Most commands are sent by themselves. */
function alone(answer: unknown): unknown[] {
  return [answer]
}

async function connectOnce(make: () => Promise<RedisClient>, deadline: Deadline): Promise<RedisClient> {
  const client = await make()
  let fault: unknown
  // What went wrong is told by the event alone. After a refused SELECT the client would go on, in another database.
  client.on('error', (error) => {
    fault ??= error
  })
  try {
    await withinDeadline(client.connect(), deadline, () => undefined)
    if (fault === undefined) return client
  } catch (error) {
    fault ??= error
  }
  client.disconnect()
  throw fault
}

function untilReady(client: RedisClient): Promise<RedisClient> {
  return new Promise((resolve, reject) => {
    const settle = (isReady: boolean) => (): void => {
      client.removeListener('ready', onReady)
      client.removeListener('end', onEnd)
      if (isReady) resolve(client)
      else reject(new StoreUnavailable('The Redis client that was given has been closed.', { reason: 'unreachable' }))
    }
    const onReady = settle(true)
    const onEnd = settle(false)
    if (client.status === 'end') return onEnd()
    client.once('ready', onReady)
    client.once('end', onEnd)
    // Made with `lazyConnect`: what becomes of it, the events tell.
    if (client.status === 'wait') client.connect().catch(() => undefined)
  })
}
