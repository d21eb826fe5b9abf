/** A primary, two replicas, and three sentinels that watch them, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startFaultProxy } from '../fault-proxy.ts'
import { freePort } from '../free-port.ts'
import { endWithUs, type PrivateRedis, startPrivateRedis } from '../private-redis.ts'

export interface RedisSentinels {
  readonly name: string
  readonly sentinels: readonly (readonly [host: string, port: number])[]
  readonly servers: readonly PrivateRedis[]
  /** Whom the sentinels name; undefined while there is none. */
  primary(): Promise<PrivateRedis | undefined>
  /** Asks a sentinel for a failover without a cause. */
  failover(): Promise<void>
  /** Until the sentinels name another server than `former`, which follows it where it runs, as do the others. */
  settled(former?: PrivateRedis): Promise<PrivateRedis>
  drop(): Promise<void>
}

const NAME = 'mymaster'
/** Milliseconds of silence after which a sentinel takes a server for down. */
const DOWN_AFTER = 500

/** @param lagMs how long the way to the replicas takes at first; sentinels lead them past it after some seconds */
export async function startSentinels(lagMs = 0): Promise<RedisSentinels> {
  const folder = mkdtempSync(join(tmpdir(), 'sentinels-'))
  const first = await startPrivateRedis('--repl-diskless-sync-delay', '0')
  const proxy = lagMs > 0 ? await startFaultProxy({ host: '127.0.0.1', port: first.port }) : null
  const following = ['--replicaof', `127.0.0.1 ${proxy?.port ?? first.port}`, '--repl-diskless-sync-delay', '0']
  const servers = [first, ...(await Promise.all([0, 1].map(() => startPrivateRedis(...following))))]
  const children: ChildProcess[] = []
  const ports: number[] = []
  for (const index of [0, 1, 2]) {
    const port = await freePort()
    const file = join(folder, `sentinel-${index}.conf`)
    writeFileSync(
      file,
      `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor ${NAME} 127.0.0.1 ${first.port} 2\n` +
        `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER}\nsentinel failover-timeout ${NAME} 4000\n` +
        `sentinel parallel-syncs ${NAME} 2\n`,
    )
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
    endWithUs(child)
    children.push(child)
    ports.push(port)
  }
  const sentinels = ports.map((port) => new Redis({ port, maxRetriesPerRequest: null }))
  for (const sentinel of sentinels) sentinel.on('error', () => undefined)
  const [asked] = sentinels as [Redis]

  const byPort = (port: number): PrivateRedis | undefined => servers.find((server) => server.port === port)

  async function primary(): Promise<PrivateRedis | undefined> {
    const named = await Promise.all(
      sentinels.map((sentinel) => sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME) as Promise<string[]>),
    )
    const ports = new Set(named.map((address) => Number(address?.[1])))
    return ports.size === 1 ? byPort([...ports][0] ?? 0) : undefined
  }

  /** Whether everybody knows of everybody, and both replicas follow. */
  async function isComplete(leader: PrivateRedis): Promise<boolean> {
    const [master] = (await asked.call('SENTINEL', 'MASTERS')) as string[][]
    const told = Object.fromEntries(pairs(master ?? []))
    const replication = await infoOf(leader)
    return (
      told['num-other-sentinels'] === '2' &&
      told['num-slaves'] === '2' &&
      /connected_slaves:2/.test(replication) &&
      (replication.match(/state=online/g)?.length ?? 0) === 2
    )
  }

  async function settled(former?: PrivateRedis): Promise<PrivateRedis> {
    for (;;) {
      const found = await primary().catch(() => undefined)
      if (found !== undefined && found !== former && (await isComplete(found).catch(() => false))) return found
      await pause(100)
    }
  }

  await settled()
  if (proxy !== null) proxy.fault = { kind: 'delay', milliseconds: lagMs }
  return {
    name: NAME,
    sentinels: ports.map((port) => ['127.0.0.1', port]),
    servers,
    primary,
    settled,
    async failover() {
      // Refused while the last one is not over.
      while (!(await asked.call('SENTINEL', 'FAILOVER', NAME).then(Boolean, () => false))) await pause(200)
    },
    async drop() {
      for (const sentinel of sentinels) sentinel.disconnect()
      for (const child of children) {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }
      await Promise.all(servers.map((server) => server.drop()))
      await proxy?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function infoOf({ port }: PrivateRedis): Promise<string> {
  const client = new Redis({ port, lazyConnect: true, retryStrategy: () => null, connectTimeout: 500 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.info('replication')
  } finally {
    client.disconnect()
  }
}

function* pairs(list: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index + 1 < list.length; index += 2) yield [list[index] ?? '', list[index + 1] ?? '']
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds))
}
