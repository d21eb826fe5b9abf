/** A Redis server of our own, on a port and in a folder of its own, to be stopped and restarted at will. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'

export interface PrivateRedis {
  readonly port: number
  /** `redis://127.0.0.1:PORT` */
  readonly url: string
  /** Resolves once it accepts connections and has read its data. */
  start(...more: string[]): Promise<void>
  /** Resolves while it is still reading its data, a key each millisecond and a half. */
  startSlowly(): Promise<void>
  /** @param how `crash` as a kill -9 does it, else after saving what it is configured to save */
  stop(how?: 'crash'): Promise<void>
  /** `SIGSTOP` for a server that is there and silent. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  drop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const each of running) each.kill('SIGKILL')
})

/** Leaves no server behind, however this process ends. */
export function endWithUs(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

/** Why there is none here; null when there can be one. */
export function missingRedisServer(): string | null {
  return spawnSync('redis-server', ['--version']).status === 0 ? null : 'no redis-server on the PATH'
}

/** @param config what redis-server takes on its command line, such as `--maxmemory 1mb`; nothing is kept on disk by default */
export async function startPrivateRedis(...config: string[]): Promise<PrivateRedis> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'private-redis-'))
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--loglevel', 'notice']
  let child: ChildProcess | null = null

  async function startUntil(line: RegExp, more: readonly string[]): Promise<void> {
    const started = spawn('redis-server', [...fixed, ...config, ...more], { stdio: ['ignore', 'pipe', 'ignore'] })
    endWithUs(started)
    child = started
    const lines: string[] = []
    for await (const each of createInterface({ input: started.stdout })) {
      lines.push(each)
      if (line.test(each)) break
    }
    if (started.exitCode !== null) throw new Error(`redis-server ended: ${lines.slice(-3).join(' ')}`)
    started.stdout.resume()
  }

  async function stop(how?: 'crash'): Promise<void> {
    const stopping = child
    child = null
    if (stopping === null || stopping.exitCode !== null || stopping.signalCode !== null) return
    const exited = once(stopping, 'exit')
    stopping.kill(how === 'crash' ? 'SIGKILL' : 'SIGTERM')
    await exited
  }

  const start = (...more: string[]): Promise<void> => startUntil(/Ready to accept connections/, more)
  await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    startSlowly: () =>
      startUntil(/Loading RDB/, ['--key-load-delay', '1500', '--loading-process-events-interval-bytes', '1024']),
    stop,
    signal: (signal) => void child?.kill(signal),
    async drop() {
      await stop('crash')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
