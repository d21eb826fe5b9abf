/** A PgBouncer of our own in transaction mode, before a PostgreSQL, where it is installed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { ownerOfServers } from './private-server.ts'

export interface PrivatePgBouncer {
  /** The URL of the server's database by this name, through PgBouncer. */
  url(database: string): string
  stop(): Promise<void>
}

const PROGRAMS = ['/usr/sbin', '/usr/bin', ...(process.env.PATH ?? '').split(':')].map((folder) =>
  join(folder, 'pgbouncer'),
)

/** @param server URL of a PostgreSQL that trusts its user */
export async function startPrivatePgBouncer(server: string): Promise<PrivatePgBouncer | { readonly missing: string }> {
  const program = PROGRAMS.find(existsSync)
  if (program === undefined) return { missing: 'no pgbouncer on the PATH' }
  const owner = ownerOfServers('postgres')
  if (owner === null) return { missing: 'PgBouncer does not run as root, and there is no user postgres' }
  const folder = mkdtempSync(join(tmpdir(), 'private-pgbouncer-'))
  if ('uid' in owner) chownSync(folder, owner.uid, owner.gid)
  const port = await freePort()
  const { hostname, port: serverPort, username, password } = new URL(server)
  const behind = `host=${hostname} port=${serverPort || 5432} user=${username}${password && ` password=${password}`}`
  // Two connections for all clients, so that theirs change hands with each transaction.
  const config = `[databases]
* = ${behind}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
server_login_retry = 0.1
`
  writeFileSync(join(folder, 'pgbouncer.ini'), config)
  const child = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], { ...owner, cwd: folder, stdio: 'ignore' })
  const exited = once(child, 'exit')
  const url = (database: string): string => `postgres://${username}@127.0.0.1:${port}/${database}`
  while (!(await accepts(url('postgres')))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}.`)
    await new Promise((resume) => setTimeout(resume, 50))
  }
  return {
    url,
    async stop() {
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
