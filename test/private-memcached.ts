/** A Memcached server of a test's own, and what is in it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemcachedAddress } from '../src/caches/memcached/memcached-connection.ts'
import { freePort } from './free-port.ts'

export interface PrivateMemcached {
  readonly address: MemcachedAddress
  /** As LOCATION has it. */
  readonly location: string
  readonly process: ChildProcess
  /** Sends one command and gives the lines of its answer up to `until`. */
  command(line: string | Buffer, until?: RegExp): Promise<string[]>
  /** Seconds until an item ends, -1 for never; null for nothing. */
  secondsLeft(key: string): Promise<number | null>
  /** Lets an item end so many seconds earlier. */
  age(key: string, seconds: number): Promise<void>
  /** Kills the server and starts it anew under the same address, empty. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>
  stop(): Promise<void>
}

export interface PrivateOptions {
  readonly command: string
  /** Further options of the server, as `-m 1`. */
  readonly options?: readonly string[]
  /** A unix socket instead of a port. */
  readonly isUnix?: boolean
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: a free one. */
  readonly port?: number
}

/** Why there is none here; null when there can be one. */
export function missingMemcached(command: string = MEMCACHED): string | null {
  if (spawnSync(command, ['--version']).status === 0) return null
  return 'install it (Debian and Ubuntu: `apt install memcached`), or set BRIDGE_MEMCACHED to its program'
}

/** The program. */
export const MEMCACHED: string = process.env.BRIDGE_MEMCACHED ?? 'memcached'

export async function startMemcached(given: PrivateOptions): Promise<PrivateMemcached> {
  const { command, options = [], isUnix = false, host = '127.0.0.1' } = given
  const folder = isUnix ? mkdtempSync(join(tmpdir(), 'memcached-')) : null
  const port = given.port ?? (isUnix ? 0 : await freePort())
  const path = join(folder ?? '', 'memcached.sock')
  const address = folder === null ? { host, port } : { path }
  const where = folder === null ? ['-l', host, '-p', String(port)] : ['-s', path]

  async function start(): Promise<ChildProcess> {
    const begun = spawn(command, ['-u', 'root', '-U', '0', ...where, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaints = ''
    begun.stderr?.on('data', (bytes) => {
      complaints += bytes
    })
    for (;;) {
      if (begun.exitCode !== null) throw new Error(`memcached did not start: ${complaints}`)
      if (await answers()) return begun
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  function answers(): Promise<boolean> {
    return ask('version\r\n', /./).then(
      () => true,
      () => false,
    )
  }

  async function stopChild(): Promise<void> {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await exited
  }

  function ask(line: string | Buffer, until = /^(END|OK|STORED|NOT_STORED|DELETED|NOT_FOUND|TOUCHED|[A-Z_]*ERROR.*)$/) {
    return new Promise<string[]>((resolve, reject) => {
      const socket = connect(address)
      let text = ''
      socket.on('connect', () => socket.write(line))
      socket.on('error', reject)
      socket.on('end', () => reject(new Error(`the server ended the connection after ${text.slice(0, 200)}`)))
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1')
        const lines = text.split('\r\n')
        if (!until.test(lines.at(-2) ?? '')) return
        socket.destroy()
        resolve(lines.slice(0, -1))
      })
    })
  }

  async function secondsLeft(key: string): Promise<number | null> {
    const [line = ''] = await ask(`mg ${key} t\r\n`, /^(HD|EN)/)
    const [, left] = /^HD t(-?\d+)$/.exec(line) ?? []
    return left === undefined ? null : Number(left)
  }

  let child = await start()
  return {
    address,
    location: folder === null ? `${host}:${port}` : `unix:${path}`,
    get process() {
      return child
    },
    command: ask,
    secondsLeft,
    async age(key, seconds) {
      const left = await secondsLeft(key)
      if (left === null || left === -1) return
      // The server's clock ticks once a second.
      await ask(left - seconds > 2 ? `touch ${key} ${left - seconds}\r\n` : `delete ${key}\r\n`)
    },
    async restart(meanwhile) {
      await stopChild()
      await meanwhile?.()
      child = await start()
    },
    async stop() {
      await stopChild()
      if (folder !== null) rmSync(folder, { recursive: true, force: true })
    },
  }
}
