/** Caches for one history: Memcached behind a proxy and restarted, a table of a database, a folder. */
import { dirname, join } from 'node:path'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { type DatabaseName, newDatabase } from '../database-choice.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { MEMCACHED, type PrivateMemcached, startMemcached } from '../private-memcached.ts'
import { databaseForHistory, disturbance, type HistoryDatabase, pause, repeatedly } from './database.ts'
import type { Rollback } from './redis.ts'

/** More than any history has: Django drops live sessions beyond it. */
const MAX_ENTRIES = 1_000_000

/** What the cache of a site is, for the engine `cache`. */
function sessionsIn(backend: string, location: string, options: object): Partial<DjangoSettings> {
  return {
    SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
    CACHES: {
      default: { BACKEND: `django.core.cache.backends.${backend}`, LOCATION: location, OPTIONS: { ...options } },
    },
  }
}

/** A server that forgets everything with each restart. */
export async function memcachedForHistory(): Promise<HistoryDatabase> {
  const users = await newDatabase('sqlite')
  const server = await startMemcached({ command: MEMCACHED })
  const proxy = await startFaultProxy(server.address as { port: number })
  const rollbacks: Rollback[] = []
  // pymemcache would answer as if nothing were there for a second after each failure, and for a minute after three.
  const patient = { timeout: 2, connect_timeout: 2, retry_timeout: 0, retry_attempts: 1_000_000 }
  const at = (port: number) => sessionsIn('memcached.PyMemcacheCache', `127.0.0.1:${port}`, patient)
  return {
    url: users.url,
    directUrl: users.url,
    settings: at(proxy.port),
    directSettings: sessionsIn('memcached.PyMemcacheCache', server.location, patient),
    rollbacks,
    djangoRevives: true,
    notesSets: 'replied',
    disturb(random) {
      const failing = disturbance(proxy, random)
      const restarting = repeatedly(
        () => 2500 + random() * 2500,
        () => forget(server, rollbacks, random),
      )
      return async () => {
        const [faults, restarts] = await Promise.all([failing(), restarting.stop()])
        return faults + restarts
      }
    },
    async drop() {
      await proxy.close()
      await server.stop()
      await users.drop()
    },
  }
}

async function forget(server: PrivateMemcached, rollbacks: Rollback[], random: () => number): Promise<void> {
  await server.restart(() => pause(random() * 200))
  rollbacks.push({ since: 0, until: performance.now() })
}

export async function tableForHistory(name: DatabaseName): Promise<HistoryDatabase> {
  const database = await databaseForHistory(name)
  const settings = sessionsIn('db.DatabaseCache', 'site_cache', { MAX_ENTRIES })
  return { ...database, djangoRevives: true, notesSets: 'replied', settings }
}

/** Nothing disturbs it; the user is in SQLite. */
export async function folderForHistory(): Promise<HistoryDatabase> {
  const { url, drop } = await newDatabase('sqlite')
  const folder = join(dirname(url.slice('sqlite:///'.length)), 'cache')
  return {
    url,
    directUrl: url,
    djangoRevives: true,
    settings: sessionsIn('filebased.FileBasedCache', folder, { MAX_ENTRIES }),
    drop,
    disturb: () => async () => 0,
  }
}
