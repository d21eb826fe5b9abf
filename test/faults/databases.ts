/** A database that refuses, is silent and is restarted under load. */
import { type DatabaseName, serverUrl } from '../database-choice.ts'
import { type FaultyOptions, type FaultySite, faultyMysql, faultyPostgres } from '../databases/faulty-database.ts'
import type { Fault } from '../fault-proxy.ts'
import { startPrivateMysql } from '../private-mysql.ts'
import type { PrivateServer } from '../private-server.ts'
import { type CommonLoad, type Load, outage, planted, restarts } from './load.ts'
import { startPrivateCluster } from './private-cluster.ts'
import { pause } from './visitors.ts'

const CONNECTIONS = 5

/** A kind of server, and how sites on it are made to fail. */
export interface Target {
  readonly title: string
  readonly name: DatabaseName
  site(url: string, options: FaultyOptions): Promise<FaultySite>
  privateServer(): Promise<PrivateServer | { readonly missing: string }>
}

const TARGETS: readonly Target[] = [
  { title: 'PostgreSQL', name: 'postgres', site: faultyPostgres, privateServer: startPrivateCluster },
  { title: 'MySQL', name: 'mysql', site: faultyMysql, privateServer: startPrivateMysql },
]

/** Those of these names, else every one that is at hand. */
export function targetsOf(names: readonly string[] | undefined): readonly Target[] {
  return TARGETS.filter(({ name }) => names?.includes(name) ?? serverUrl(name) !== undefined)
}

export async function databaseFaults(target: Target, common: CommonLoad): Promise<void> {
  const load = onServer(target, serverUrl(target.name) ?? '', common)
  await outage(load, { what: 'refuses connections', ...proxyFault({ kind: 'down' }) })
  await outage(load, { what: 'is silent', ...proxyFault({ kind: 'blackHole' }) })
  await restarts(load, 'connections refused for a moment', async ({ proxy }) => {
    proxy.fault = { kind: 'down' }
    await pause(common.random() * 400)
    proxy.fault = { kind: 'none' }
    return performance.now()
  })
  await restarts(load, 'connections ended by the server', async (site) => {
    const before = performance.now()
    await site.terminate()
    return before
  })
  await realRestarts(target, common)
  for (const plant of ['answers as if nobody were logged in', 'deletes the cookie'] as const) {
    await planted(load, plant, proxyFault({ kind: 'down' }))
  }
}

function onServer({ title, site }: Target, url: string, common: CommonLoad): Load<FaultySite> {
  const makeSite = (deadlineMs: number) => site(url, { max: CONNECTIONS, deadlineMs })
  return { ...common, server: title, makeSite, connections: CONNECTIONS }
}

function proxyFault(fault: Fault) {
  const set = (next: Fault) => (site: FaultySite) => {
    site.proxy.fault = next
  }
  return { begin: set(fault), end: set({ kind: 'none' }) }
}

async function realRestarts(target: Target, common: CommonLoad): Promise<void> {
  const own = await target.privateServer()
  if ('missing' in own) {
    console.log(`\nLEFT OUT: restarts of a server of our own: ${own.missing}`)
    return
  }
  try {
    await restarts(onServer(target, own.url, common), 'restarts of the server', async (_, index) => {
      await own.restart(index % 2 === 0 ? 'fast' : 'immediate')
      return performance.now()
    })
  } finally {
    await own.drop()
  }
}
