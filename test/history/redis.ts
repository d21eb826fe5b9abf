/** Redis for one history, with users in SQLite: behind a proxy that fails, stopped and killed again and again. */
import { Redis } from 'ioredis'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { newDatabase } from '../database-choice.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { startPrivateRedis } from '../private-redis.ts'
import type { Anomaly } from './checker.ts'
import { disturbance, type HistoryDatabase, pause, repeatedly } from './database.ts'
import type { Event } from './event.ts'

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
    let since = Number.POSITIVE_INFINITY
    if (!isDurable) {
      const admin = new Redis(server.port)
      since = performance.now()
      await admin.save()
      admin.disconnect()
      await pause(random() * 300)
    }
    await server.stop(isDurable && index % 2 === 0 ? undefined : 'crash')
    if (!isDurable) rollbacks.push({ since, until: performance.now() })
    await pause(random() * 200)
    await server.start()
  }

  return {
    url: users.url,
    directUrl: users.url,
    settings: settingsAt(proxy.port),
    directSettings: settingsAt(server.port),
    djangoRevives: true,
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

/** Whether it was Redis that forgot: what was answered after its last snapshot, and found missing after its end. */
export function isForgotten(
  anomaly: Anomaly,
  byId: ReadonlyMap<number, Event>,
  rollbacks: readonly Rollback[],
): boolean {
  const about = byId.get(anomaly.about)
  const found = byId.get(anomaly.found)
  if (anomaly.kind === 'crossed' || about === undefined || found === undefined) return false
  return rollbacks.some(({ since, until }) => about.end > since && about.start < until && found.end > until)
}
