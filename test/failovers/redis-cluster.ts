/** A Redis Cluster of three primaries and a replica of each, each a process of its own. */
import { Redis } from 'ioredis'
import { freePort } from '../free-port.ts'
import { type PrivateRedis, startPrivateRedis } from '../private-redis.ts'
import { pause } from './redis-sentinels.ts'

export interface RedisCluster {
  readonly nodes: readonly PrivateRedis[]
  /** The primary of a slot, as most nodes have it. */
  primaryOf(slot: number): Promise<PrivateRedis>
  slotOf(key: string): Promise<number>
  /** How often the nodes answered that a key is elsewhere. */
  redirections(): Promise<{ MOVED: number; ASK: number }>
  /** Has a replica take over from the primary of a slot in good order. */
  failover(slot: number): Promise<void>
  /** Moves a slot to another primary, key by key, as resharding does. */
  move(slot: number): Promise<void>
  /** Until every slot is served and every primary has a replica that follows. */
  settled(): Promise<void>
  drop(): Promise<void>
}

const SLOTS = 16_384
/** Milliseconds of silence after which others take a node for down; longer than a busy machine makes one silent. */
const NODE_TIMEOUT = 3000
const PRIMARIES = 3

export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: PrivateRedis[] = []
  for (let index = 0; index < 2 * PRIMARIES; index++) {
    const config = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT)]
    const more = ['--cluster-port', String(await freePort()), '--cluster-replica-validity-factor', '0']
    nodes.push(await startPrivateRedis(...config, ...more, '--repl-diskless-sync-delay', '0'))
  }
  const clients = nodes.map(({ port }) => {
    const client = new Redis({ port, maxRetriesPerRequest: null, retryStrategy: () => 100 })
    client.on('error', () => undefined)
    return client
  })
  const client = (index: number): Redis => clients[index] as Redis
  const idOf = (index: number): Promise<string> => client(index).call('CLUSTER', 'MYID') as Promise<string>
  const [first] = nodes
  const busPorts = await Promise.all(clients.map(async (each) => (await each.config('GET', 'cluster-port'))[1]))

  for (let index = 1; index < nodes.length; index++) {
    await client(0).call('CLUSTER', 'MEET', '127.0.0.1', nodes[index]?.port ?? 0, busPorts[index] ?? 0)
  }
  for (let index = 0; index < PRIMARIES; index++) {
    const from = Math.ceil((SLOTS * index) / PRIMARIES)
    await client(index).call('CLUSTER', 'ADDSLOTSRANGE', from, Math.ceil((SLOTS * (index + 1)) / PRIMARIES) - 1)
  }
  for (let index = PRIMARIES; index < nodes.length; index++) {
    const id = await idOf(index - PRIMARIES)
    while (
      !(await client(index)
        .call('CLUSTER', 'REPLICATE', id)
        .then(Boolean, () => false))
    )
      await pause(100)
  }

  const byPort = (port: number): number => nodes.findIndex((node) => node.port === port)

  /** As the first node that answers has them: slots and ports, the primary's first. */
  async function slots(): Promise<{ from: number; to: number; ports: number[] }[]> {
    for (const each of clients) {
      if (each.status !== 'ready') continue
      const told = await Promise.race([each.call('CLUSTER', 'SLOTS'), pause(500)]).catch(() => null)
      if (!Array.isArray(told)) continue
      return (told as [number, number, ...[string, number][]][]).map(([from, to, ...servers]) => ({
        from,
        to,
        ports: servers.map(([, port]) => port),
      }))
    }
    return []
  }

  async function rangeOf(slot: number): Promise<{ ports: number[] }> {
    for (;;) {
      const found = (await slots()).find(({ from, to }) => from <= slot && slot <= to)
      if (found !== undefined) return found
      await pause(100)
    }
  }

  async function isWhole(index: number): Promise<boolean> {
    const [info, told] = await Promise.all([
      client(index).call('CLUSTER', 'INFO'),
      client(index).call('CLUSTER', 'SLOTS'),
    ])
    const ranges = told as [number, number, ...unknown[]][]
    const isServed = String(info).includes('cluster_state:ok') && ranges.every((range) => range.length > 3)
    const replication = await client(index).info('replication')
    return isServed && /role:master|master_link_status:up/.test(replication)
  }

  async function settled(): Promise<void> {
    for (;;) {
      const whole = await Promise.all(
        nodes.map((_, index) => Promise.race([isWhole(index), pause(1000).then(() => false)]).catch(() => false)),
      )
      if (whole.every(Boolean)) return
      await pause(100)
    }
  }

  /** Opens a slot between its owner and another primary; the node that was asked may not have heard of the last move. */
  async function openSlot(slot: number): Promise<{ source: number; target: number; targetId: string; other: number }> {
    for (let tries = 1; ; tries++) {
      const source = byPort((await rangeOf(slot)).ports[0] ?? 0)
      const other = (await slots()).find(({ ports }) => ports[0] !== nodes[source]?.port)?.ports[0] ?? first?.port ?? 0
      const target = byPort(other)
      const [sourceId, targetId] = await Promise.all([idOf(source), idOf(target)])
      try {
        await client(target).call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId)
        await client(source).call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId)
        return { source, target, targetId, other }
      } catch (error) {
        if (tries === 50 || !/owner of hash slot/.test(String(error))) throw error
        await client(target).call('CLUSTER', 'SETSLOT', slot, 'STABLE')
        await pause(100)
      }
    }
  }

  async function moveSlot(slot: number): Promise<void> {
    const { source, target, targetId, other } = await openSlot(slot)
    for (;;) {
      const keys = (await client(source).call('CLUSTER', 'GETKEYSINSLOT', slot, 2)) as string[]
      if (keys.length === 0) break
      await client(source).call('MIGRATE', '127.0.0.1', other, '', 0, 5000, 'KEYS', ...keys)
      // Meanwhile others find the slot in two halves.
      await pause(20)
    }
    await pause(50)
    await client(target).call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId)
    await client(source).call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId)
  }

  await settled()
  return {
    nodes,
    async primaryOf(slot) {
      const index = byPort((await rangeOf(slot)).ports[0] ?? 0)
      return nodes[index] as PrivateRedis
    },
    async failover(slot) {
      const [former] = (await rangeOf(slot)).ports
      for (let tries = 0; ; tries++) {
        const [primary, replica] = (await rangeOf(slot)).ports
        if (primary !== former) return
        // One that does not come about in time is given up, and asked for anew.
        if (tries % 150 === 0) await clients[byPort(replica ?? 0)]?.call('CLUSTER', 'FAILOVER').catch(() => undefined)
        await pause(50)
      }
    },
    move: moveSlot,
    slotOf: async (key) => Number(await client(0).call('CLUSTER', 'KEYSLOT', key)),
    async redirections() {
      const told = await Promise.all(clients.map((each) => each.info('errorstats')))
      const sum = (name: string): number =>
        told.reduce(
          (total, text) => total + Number(new RegExp(`errorstat_${name}:count=(\\d+)`).exec(text)?.[1] ?? 0),
          0,
        )
      return { MOVED: sum('MOVED'), ASK: sum('ASK') }
    },
    settled,
    async drop() {
      for (const each of clients) each.disconnect()
      await Promise.all(nodes.map((node) => node.drop()))
    },
  }
}
