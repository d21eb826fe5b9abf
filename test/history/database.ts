/** A database for one history, what disturbs it, and its name as Django has it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { type Fault, startFaultProxy } from '../fault-proxy.ts'
import { postgresHome, sqliteHome } from '../interop/live-site.ts'
import type { Random } from '../seeded-random.ts'

/** A value of Django's DATABASES. */
export type DjangoDatabase = Readonly<Record<string, unknown>>

export interface HistoryDatabase {
  /** As the workers reach it. */
  readonly url: string
  /** Past everything that disturbs it. */
  readonly directUrl: string
  /** Begins to disturb; the function that it returns ends that. */
  disturb(random: Random): () => Promise<void>
  drop(): Promise<void>
}

export function djangoDatabase(url: string): DjangoDatabase {
  if (url.startsWith('sqlite:')) {
    return { ENGINE: 'django.db.backends.sqlite3', NAME: url.slice('sqlite:///'.length) }
  }
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    ENGINE: 'django.db.backends.postgresql',
    NAME: pathname.slice(1),
    HOST: hostname,
    PORT: port || '5432',
    USER: decodeURIComponent(username),
    PASSWORD: decodeURIComponent(password),
  }
}

/** In memory where the system has a place for that: every commit would wait for the disk. */
export const SHARED_MEMORY = '/dev/shm'

/** A file, and a process that holds its lock for a while, again and again, and is killed at random. */
export async function sqliteForHistory(): Promise<HistoryDatabase> {
  const home = await sqliteHome(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir())
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
        await killing.stop()
        locker.kill('SIGKILL')
      }
    },
  }
}

/** A database behind a proxy that fails now and then. */
export async function postgresForHistory(server: string): Promise<HistoryDatabase> {
  const home = await postgresHome({ url: server })
  const { hostname, port } = new URL(home.url)
  const proxy = await startFaultProxy({ host: hostname, port: Number(port || 5432) })
  const url = new URL(home.url)
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return {
    url: url.href,
    directUrl: home.url,
    async drop() {
      await proxy.close()
      await home.drop()
    },
    disturb(random) {
      const failing = repeatedly(
        () => 50 + random() * 400,
        async () => {
          if (random() < 0.2) proxy.reset()
          else proxy.fault = anyFault(random)
          await pause(random() * 60)
          proxy.fault = { kind: 'none' }
        },
      )
      return failing.stop
    },
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

/** Does something after each pause; `stop` waits for what is being done. */
function repeatedly(pauseMs: () => number, act: () => unknown): { stop: () => Promise<void> } {
  let isStopped = false
  const running = (async () => {
    while (!isStopped) {
      await pause(pauseMs())
      if (!isStopped) await act()
    }
  })()
  return {
    async stop() {
      isStopped = true
      await running
    },
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds))
}
