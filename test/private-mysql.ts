/** A MariaDB or MySQL of our own, where its programs are installed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { freePort } from './free-port.ts'
import { ownerOfServers, type PrivateServer } from './private-server.ts'

const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/mysql/bin', ...(process.env.PATH ?? '').split(':')]
/** Commits outlive the process, not the machine. */
const SMALL = ['--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=2', '--skip-log-bin']

export interface PrivateMysql extends PrivateServer {
  readonly socket: string
}

/** @param options more for its command line; the reason where none can be had */
export async function startPrivateMysql(
  ...options: readonly string[]
): Promise<PrivateMysql | { readonly missing: string }> {
  const program = find('mariadbd') ?? find('mysqld')
  if (program === undefined) return { missing: 'no mariadbd and no mysqld on the PATH' }
  const owner = ownerOfServers('mysql')
  if (owner === null) return { missing: 'MySQL does not run as root, and there is no user mysql' }
  const folder = mkdtempSync(join(tmpdir(), 'private-mysql-'))
  if ('uid' in owner) chownSync(folder, owner.uid, owner.gid)
  const port = await freePort()
  const url = `mysql://root@127.0.0.1:${port}/mysql`
  const data = join(folder, 'data')
  const run = { ...owner, cwd: folder, stdio: 'ignore' } as const
  const install = find('mariadb-install-db')
  if (install === undefined) execFileSync(program, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`], run)
  else {
    const parameters = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal']
    execFileSync(install, [...parameters, '--skip-test-db', '--skip-name-resolve'], run)
  }

  let child: ChildProcess
  async function start(): Promise<void> {
    const where = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(folder, 'socket')}`]
    const parameters = ['--no-defaults', `--datadir=${data}`, ...where, '--skip-name-resolve', ...SMALL, ...options]
    child = spawn(program ?? '', parameters, run)
    while (!(await accepts(url))) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}.`)
      await new Promise((resume) => setTimeout(resume, 50))
    }
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  await start()
  return {
    url,
    socket: join(folder, 'socket'),
    async restart(mode) {
      await stop(mode === 'fast' ? 'SIGTERM' : 'SIGKILL')
      await start()
    },
    async drop() {
      await stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function accepts(url: string): Promise<boolean> {
  try {
    await (await createConnection(url)).end()
    return true
  } catch {
    return false
  }
}

function find(program: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find(existsSync)
}
