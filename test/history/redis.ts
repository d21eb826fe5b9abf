/** Redis for one history, with users in SQLite: behind a proxy that fails, stopped and killed again and again. */
import { Redis } from 'ioredis'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { newDatabase } from '../database-choice.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { startPrivateRedis } from '../private-redis.ts'
import type { Anomaly } from './checker.ts'
import { disturbance, type HistoryDatabase, pause, repeatedly } from './database.ts'
import type { Event } from './event.ts'
import { keyOf, type Lineage } from './lineage.ts'

/** @see SET_AND_NOTE in python-fixtures/history_worker.py */
const NOTED_SETS = 'sets'

/** With `everything`, each write is on the disk before it is answered; with `snapshots`, a crash loses what came since. */
export type Kept = 'everything' | 'snapshots'

/** A server that was killed, and the moment from which on it may have forgotten what it had answered. */
export interface Rollback {
  readonly since: number
  readonly until: number
}

export async function redisForHistory(kept: Kept): Promise<HistoryDatabase> {
  const users = await newDatabase('sqlite')
  const isDurable = kept === 'everything'
  const server = await startPrivateRedis(...(isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []))
  const proxy = await startFaultProxy({ port: server.port })
  const rollbacks: Rollback[] = []

  async function restart(random: () => number, index: number): Promise<void> {
    if (!isDurable) return forget(random)
    await server.stop(index % 2 === 0 ? undefined : 'crash')
    await pause(random() * 200)
    await server.start()
  }

  /** Killed a while after a snapshot. What Django has noted meanwhile is kept beside, and noted again. */
  async function forget(random: () => number): Promise<void> {
    const admin = new Redis(server.port)
    const since = performance.now()
    const inSnapshot = await admin.llen(NOTED_SETS)
    await admin.save()
    await pause(random() * 300)
    // Writes wait from here on, reads are answered: all that was done is noted.
    await admin.client('PAUSE', 10_000, 'WRITE')
    const noted = await admin.lrangeBuffer(NOTED_SETS, inSnapshot, -1)
    admin.disconnect()
    await server.stop('crash')
    rollbacks.push({ since, until: performance.now() })
    await pause(random() * 200)
    await server.start()
    if (noted.length === 0) return
    const again = new Redis(server.port)
    await again.rpush(NOTED_SETS, ...noted)
    again.disconnect()
  }

  return {
    url: users.url,
    directUrl: users.url,
    settings: settingsAt(proxy.port),
    directSettings: settingsAt(server.port),
    djangoRevives: true,
    notesSets: 'stored',
    rollbacks,
    disturb(random) {
      const failing = disturbance(proxy, random)
      let restarts = 0
      const restarting = repeatedly(
        () => 1500 + random() * 1500,
        () => restart(random, restarts++),
      )
      return async () => {
        const [faults, restarts] = await Promise.all([failing(), restarting.stop()])
        return faults + restarts
      }
    },
    async drop() {
      await proxy.close()
      await server.drop()
      await users.drop()
    },
  }
}

function settingsAt(port: number): Partial<DjangoSettings> {
  return {
    SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
    CACHES: {
      default: {
        BACKEND: 'django.core.cache.backends.redis.RedisCache',
        LOCATION: `redis://127.0.0.1:${port}`,
        // Of Python's side alone.
        OPTIONS: { socket_timeout: 0.3, socket_connect_timeout: 0.3 },
      },
    },
  }
}

/**
 * Whether it was the store that forgot: what was answered after its last snapshot and found missing after its end, be it
 * a write, a logout, or the end of an old key, which then goes on beside the new one. That may have been added after.
 */
export function isForgotten(anomaly: Anomaly, { byId, fork }: Lineage, rollbacks: readonly Rollback[]): boolean {
  const about = byId.get(anomaly.about)
  const found = byId.get(anomaly.found)
  if (anomaly.kind === 'crossed' || about === undefined || found === undefined) return false
  const { one, other } = fork(found.cookie, keyOf(about)) ?? {}
  return rollbacks.some(({ since, until }) => {
    const isIn = (event: Event): boolean => event.end > since && event.start < until
    return found.end > until && [about, one, other].some((event) => event !== undefined && isIn(event))
  })
}
