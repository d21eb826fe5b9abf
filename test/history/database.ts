/** A database for one history, and what disturbs it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { type DatabaseName, newDatabase } from '../database-choice.ts'
import { type Fault, type FaultProxy, proxyTo } from '../fault-proxy.ts'
import type { DatabaseHome } from '../interop/live-site.ts'
import { startPrivateRedis } from '../private-redis.ts'
import type { Random } from '../seeded-random.ts'
import type { Rollback } from './redis.ts'

export interface HistoryDatabase {
  /** As the workers reach it. */
  readonly url: string
  /** Past everything that disturbs it. */
  readonly directUrl: string
  /** What both sides are told beside the database, where the sessions are elsewhere. */
  readonly settings?: Partial<DjangoSettings>
  /** As `settings`, past everything that disturbs. */
  readonly directSettings?: Partial<DjangoSettings>
  /** Django's save may put a key back that was renewed meanwhile. */
  readonly djangoRevives?: boolean
  /** Django's worker notes what stood where it set a session: in the store itself, or in its replies. */
  readonly notesSets?: 'stored' | 'replied'
  /** When the store itself forgot what it had answered; filled while it is disturbed. */
  readonly rollbacks?: readonly Rollback[]
  /** Begins to disturb; the function that it returns ends that, and tells how many faults there were. */
  disturb(random: Random): () => Promise<number>
  drop(): Promise<void>
}

export async function databaseForHistory(name: DatabaseName): Promise<HistoryDatabase> {
  const home = await newDatabase(name)
  return name === 'sqlite' ? beside(home) : behindProxy(home)
}

/** A file, and a process that holds its lock for a while, again and again, and is killed at random. */
async function beside(home: DatabaseHome): Promise<HistoryDatabase> {
  const file = home.url.slice('sqlite:///'.length)
  return {
    url: home.url,
    directUrl: home.url,
    drop: home.drop,
    disturb(random) {
      let locker: ChildProcess
      const respawn = (): void => {
        locker?.kill('SIGKILL')
        locker = spawn(process.execPath, [resolve(import.meta.dirname, 'locker.ts'), file], { stdio: 'inherit' })
      }
      respawn()
      const killing = repeatedly(() => 200 + random() * 1000, respawn)
      return async () => {
        const killed = await killing.stop()
        locker.kill('SIGKILL')
        return killed + 1
      }
    },
  }
}

/** Session files in a folder of their own; the user is in SQLite. Nothing disturbs them. */
export async function filesForHistory(): Promise<HistoryDatabase> {
  const home = await newDatabase('sqlite')
  const folder = join(dirname(home.url.slice('sqlite:///'.length)), 'sessions')
  mkdirSync(folder)
  return elsewhere(home, { SESSION_ENGINE: 'django.contrib.sessions.backends.file', SESSION_FILE_PATH: folder })
}

/** Rows in a database that fails, and copies in a Redis of our own that is killed and started again, empty. */
export async function cachedForHistory(name: DatabaseName): Promise<HistoryDatabase> {
  const [database, redis] = await Promise.all([databaseForHistory(name), startPrivateRedis()])
  const cache = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: redis.url }
  return {
    ...database,
    settings: { SESSION_ENGINE: 'django.contrib.sessions.backends.cached_db', CACHES: { default: cache } },
    disturb(random) {
      const calm = database.disturb(random)
      const failing = repeatedly(
        // Nobody puts copies there for some seconds after each.
        () => 1000 + random() * 5000,
        async () => {
          await redis.stop('crash')
          await pause(random() * 600)
          await redis.start()
        },
      )
      return async () => {
        const [crashes, faults] = await Promise.all([failing.stop(), calm()])
        return crashes + faults
      }
    },
    async drop() {
      await Promise.all([database.drop(), redis.drop()])
    },
  }
}

/** Sessions in cookies; the user is in SQLite. */
export async function cookiesForHistory(): Promise<HistoryDatabase> {
  const home = await newDatabase('sqlite')
  return elsewhere(home, { SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies' })
}

function elsewhere({ url, drop }: DatabaseHome, settings: Partial<DjangoSettings>): HistoryDatabase {
  return { url, directUrl: url, settings, drop, disturb: () => async () => 0 }
}

/** A database behind a proxy that fails now and then. */
async function behindProxy(home: DatabaseHome): Promise<HistoryDatabase> {
  const { proxy, through } = await proxyTo(home.url)
  return {
    url: through,
    directUrl: home.url,
    async drop() {
      await proxy.close()
      await home.drop()
    },
    disturb: (random) => disturbance(proxy, random),
  }
}

/** Has a proxy fail now and then, until the function that it returns is called; what meets no connection is no fault. */
export function disturbance(proxy: FaultProxy, random: Random): () => Promise<number> {
  let faults = 0
  const failing = repeatedly(
    () => 50 + random() * 400,
    async () => {
      if (proxy.open > 0) faults++
      if (random() < 0.2) proxy.reset()
      else proxy.fault = anyFault(random)
      await pause(random() * 60)
      proxy.fault = { kind: 'none' }
    },
  )
  return async () => {
    await failing.stop()
    return faults
  }
}

function anyFault(random: Random): Fault {
  const faults: readonly Fault[] = [
    { kind: 'loseReplies' },
    { kind: 'loseReplies' },
    { kind: 'blackHole' },
    { kind: 'down' },
    { kind: 'delay', milliseconds: 1 + random() * 10 },
    { kind: 'cut', direction: 'toClient', afterBytes: Math.floor(random() * 2000) },
    { kind: 'cut', direction: 'toServer', afterBytes: Math.floor(random() * 2000) },
  ]
  return faults[Math.floor(random() * faults.length)] ?? { kind: 'none' }
}

/** Does something after each pause; `stop` waits for what is being done, and tells how often it was. */
export function repeatedly(pauseMs: () => number, act: () => unknown): { stop: () => Promise<number> } {
  let isStopped = false
  let times = 0
  const running = (async () => {
    while (!isStopped) {
      await pause(pauseMs())
      if (isStopped) return
      await act()
      times++
    }
  })()
  return {
    async stop() {
      isStopped = true
      await running
      return times
    },
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds))
}
