/** A PostgreSQL server of our own, to be restarted at will, where its programs are installed. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { ownerOfServers, type PrivateServer } from '../private-server.ts'

/** Where Debian and others put each version's programs. */
const INSTALLED = '/usr/lib/postgresql'

/** Null, with the reason printed, where none can be had. */
export async function startPrivateCluster(): Promise<PrivateServer | { readonly missing: string }> {
  const programs = programFolder()
  if (programs === null) return { missing: `no initdb in ${INSTALLED} or on the PATH` }
  const owner = ownerOfServers('postgres')
  if (owner === null) return { missing: 'PostgreSQL does not run as root, and there is no user postgres' }
  const folder = mkdtempSync(join(tmpdir(), 'faults-cluster-'))
  const port = await freePort()
  const run = (program: string, ...parameters: string[]): void => {
    // Its output goes nowhere: a server that inherits a pipe keeps it open.
    execFileSync(join(programs, program), parameters, { ...owner, cwd: folder, stdio: 'ignore', env: {} })
  }
  if ('uid' in owner) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const options = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=50`
  const control = (...parameters: string[]): void => run('pg_ctl', '-D', data, '-w', '-s', ...parameters)
  run('initdb', '-D', data, '-U', 'bridge', '-A', 'trust', '-E', 'UTF8', '--no-sync')
  control('start', '-o', options, '-l', join(folder, 'log'))
  return {
    url: `postgres://bridge@127.0.0.1:${port}/postgres`,
    async restart(mode) {
      const parameters = ['-D', data, '-w', '-s', '-m', mode, '-o', options, '-l', join(folder, 'log'), 'restart']
      const child = spawn(join(programs, 'pg_ctl'), parameters, { ...owner, cwd: folder, stdio: 'ignore', env: {} })
      const [code] = (await once(child, 'exit')) as [number | null]
      if (code !== 0) throw new Error(`pg_ctl restart ended with ${code}.`)
    },
    async drop() {
      control('stop', '-m', 'immediate')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function programFolder(): string | null {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : []
  const folders = versions.map((version) => join(INSTALLED, version, 'bin'))
  const onPath = (process.env.PATH ?? '').split(':')
  return (
    [...folders, ...onPath].find((folder) => ['initdb', 'pg_ctl'].every((name) => existsSync(join(folder, name)))) ??
    null
  )
}
