/** A PostgreSQL server of our own, to be restarted at will, where its programs are installed. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { freePort } from '../free-port.ts'
import { ownerOfServers, type PrivateServer } from '../private-server.ts'

/** Where Debian and others put each version's programs. */
const INSTALLED = '/usr/lib/postgresql'

export interface ClusterOptions {
  /** Lines of pg_hba.conf; by default everybody is let in. */
  readonly access?: readonly string[]
  /** By default none. */
  readonly tls?: { readonly authority: string; readonly certificate: string; readonly key: string }
}

export interface PrivateCluster extends PrivateServer {
  readonly port: number
  /** The folder of its socket. */
  readonly folder: string
}

/** The reason, where none can be had. */
export async function startPrivateCluster({
  access,
  tls,
}: ClusterOptions = {}): Promise<PrivateCluster | { readonly missing: string }> {
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
  const options = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='${folder}' -c fsync=off -c max_connections=50`
  const control = (...parameters: string[]): void => run('pg_ctl', '-D', data, '-w', '-s', ...parameters)
  run('initdb', '-D', data, '-U', 'bridge', '-A', 'trust', '-E', 'UTF8', '--no-sync')
  if (access !== undefined) writeFileSync(join(data, 'pg_hba.conf'), access.join('\n'))
  if (tls !== undefined) {
    const files = { ssl_ca_file: tls.authority, ssl_cert_file: tls.certificate, ssl_key_file: tls.key }
    const settings = Object.entries(files).map(([name, path]) => `${name} = '${copied(path, owner)}'`)
    appendFileSync(join(data, 'postgresql.conf'), ['', 'ssl = on', ...settings].join('\n'))
  }
  control('start', '-o', options, '-l', join(folder, 'log'))
  /** A copy that the server may read, and nobody else. */
  function copied(path: string, user: { uid: number; gid: number } | Record<string, never>): string {
    const copy = join(folder, basename(path))
    copyFileSync(path, copy)
    chmodSync(copy, 0o600)
    if ('uid' in user) chownSync(copy, user.uid, user.gid)
    return copy
  }

  return {
    port,
    folder,
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
