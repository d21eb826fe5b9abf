/** Redis whose primaries change while sessions are in use: `npm run failovers -- --help`. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Cluster, Redis } from 'ioredis'
import { median } from '../../bench/statistics.ts'
import { type Bridge, type BridgeParts, createBridge } from '../../src/bridge.ts'
import type { CacheDictionary } from '../../src/settings/cache-setting.ts'
import { refuse, startOutcome } from '../outcome.ts'
import { missingRedisServer, type PrivateRedis } from '../private-redis.ts'
import { seededRandom } from '../seeded-random.ts'
import { PLANTS, type Plant, planted } from './plants.ts'
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts'
import { pause, type RedisSentinels, startSentinels } from './redis-sentinels.ts'
import { type Losses, noLosses, noWrongs, startVisitors, type Visitors, type Wrongs } from './visitors.ts'

const FULL = 10
const VISITORS = 6
const LAG_MS = 300
/** Whose keys all lie in one slot of a cluster: what happens to it happens to every visitor. */
const KEY_PREFIX = '{sessions}'
/** As long as a failover takes here, a request may be told that the store is down. */
const DEADLINE_MS = 2000

const HELP = `npm run failovers -- [options]

  --redis sentinel|cluster  one of the two alone
  --full                    ${FULL} times each, else once
  --seed N                  what visitors do, and what is moved
  --help

${VISITORS} visitors with two tabs each go on using sessions in Redis while its primary is killed (kill -9), is silent
(SIGSTOP) and comes back, or gives way to a replica in good order, and while keys move to another node. Redis copies to
its replicas after it has answered: what a failover lost of acknowledged writes and logouts is counted and told. Nothing
is to be lost where a change is in good order, nor a logout with options.logoutReplicas; and never may a write be made
twice. Then two clients that are careless, which must be noticed. Ends with \`N passed, N failed\`.`

const { values: options } = parseArgs({
  options: {
    redis: { type: 'string' },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const times = options.full ? FULL : 1
const seed = Number(options.seed ?? randomInt(2 ** 31))
const random = seededRandom(seed)
const { tell, end } = startOutcome()

const missing = missingRedisServer()
if (options.help) console.log(HELP)
else if (missing !== null) refuse(`${missing}.`, HELP)
else if (!Number.isSafeInteger(seed) || !['sentinel', 'cluster', undefined].includes(options.redis))
  refuse('--seed is a whole number, --redis sentinel or cluster.', HELP)
else await main()

async function main(): Promise<void> {
  console.log(`${VISITORS} visitors, a deadline of ${DEADLINE_MS} ms; seed ${seed}`)
  if (options.redis !== 'cluster') await withSentinels()
  if (options.redis !== 'sentinel') await withCluster()
  end()
}

function bridgeOn(CACHES: CacheDictionary, parts: BridgeParts = {}): Bridge {
  const settings = { SECRET_KEY: 'of a site whose Redis fails over', DEBUG: true, DJANGO_VERSION: '5.2' } as const
  const given = {
    ...parts,
    options: { deadlineMs: DEADLINE_MS, ...parts.options },
    hooks: { onWarning: () => undefined },
  }
  const SESSION_ENGINE = 'django.contrib.sessions.backends.cache'
  return createBridge({ ...settings, SESSION_ENGINE, CACHES: { default: CACHES } }, given)
}

type Happening = (site: RedisSentinels) => Promise<void>

async function withSentinels(): Promise<void> {
  await sentinels('Sentinel, primary killed', killPrimary)
  await sentinels('Sentinel, primary silent', silencePrimary)
  if (options.full) await sentinels('Sentinel, SENTINEL FAILOVER', forceFailover)
  await sentinels(`Sentinel, replicas ${LAG_MS} ms behind, primary killed`, killPrimary, LAG_MS)
  const waited = `Sentinel, replicas ${LAG_MS} ms behind, logoutReplicas: 1, primary killed`
  const losses = await sentinels(waited, killPrimary, LAG_MS, { options: { logoutReplicas: 1 } })
  tell(losses.logouts === 0, `${waited}: ${losses.logouts} logouts undone`)
  const site = await startSentinels()
  try {
    for (const plant of Object.keys(PLANTS) as Plant[]) await judgePlant(plant, site)
  } finally {
    await site.drop()
  }
}

/** Each time with servers of its own: they take long to know each other again. */
async function sentinels(what: string, happen: Happening, lagMs = 0, parts: BridgeParts = {}): Promise<Losses> {
  const counts = startCounting(what)
  for (let time = 0; time < times; time++) {
    const site = await startSentinels(lagMs)
    const cache = {
      BACKEND: 'django_redis.cache.RedisCache',
      LOCATION: `redis://${site.name}/0`,
      OPTIONS: { CLIENT_CLASS: 'django_redis.client.SentinelClient', SENTINELS: site.sentinels },
    }
    try {
      await underLoad(bridgeOn(cache, parts), (visitors) => counts.during(visitors, () => happen(site)))
    } finally {
      await site.drop()
    }
  }
  return counts.report()
}

/** @returns once another one is there */
async function killPrimary(site: RedisSentinels): Promise<void> {
  const former = (await site.primary()) as PrivateRedis
  await former.stop('crash')
  await otherThan(former, site.primary)
  await former.start()
}

/** It is taken for dead, and wakes up as one whom nobody has told. */
async function silencePrimary(site: RedisSentinels): Promise<void> {
  const former = (await site.primary()) as PrivateRedis
  former.signal('SIGSTOP')
  await otherThan(former, site.primary)
  await pause(500)
  former.signal('SIGCONT')
}

async function forceFailover(site: RedisSentinels): Promise<void> {
  const former = (await site.primary()) as PrivateRedis
  await site.failover()
  await otherThan(former, site.primary)
}

async function withCluster(): Promise<void> {
  const site = await startRedisCluster()
  const cache = {
    BACKEND: 'django_redis.cache.RedisCache',
    LOCATION: site.nodes.map(({ url }) => url),
    KEY_PREFIX,
    OPTIONS: { REDIS_CLIENT_CLASS: 'redis.cluster.RedisCluster' },
  }
  const given = new Cluster(
    site.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { enableOfflineQueue: false, retryDelayOnFailover: 0 },
  )
  given.on('error', () => undefined)
  try {
    const slot = await site.slotOf(KEY_PREFIX)
    for (const [whose, parts] of [
      ['Cluster', {}],
      ['Cluster, a client of the site’s own', { clients: { caches: { default: given } } }],
    ] as const) {
      await underLoad(bridgeOn(cache, parts), async (visitors) => {
        const isOwn = !('clients' in parts)
        if (isOwn || options.full) await happening(visitors, `${whose}, primary killed`, () => killOne(site, slot))
        await inGoodOrder(visitors, `${whose}, CLUSTER FAILOVER`, () => takeOver(site, slot))
        const before = await site.redirections()
        await inGoodOrder(visitors, `${whose}, a slot moved five times`, () => moveSlot(site, slot))
        const { MOVED, ASK } = await site.redirections()
        const told = `${MOVED - before.MOVED} times MOVED, ${ASK - before.ASK} times ASK`
        tell(MOVED > before.MOVED && ASK > before.ASK, `${whose}: visitors met the move (${told})`)
      })
    }
  } finally {
    given.disconnect()
    await site.drop()
  }
}

async function killOne(site: RedisCluster, slot: number): Promise<void> {
  await site.settled()
  const former = await site.primaryOf(slot)
  await former.stop('crash')
  await otherThan(former, () => site.primaryOf(slot))
  await former.start()
  await site.settled()
}

async function takeOver(site: RedisCluster, slot: number): Promise<void> {
  await site.settled()
  await site.failover(slot)
}

async function moveSlot(site: RedisCluster, slot: number): Promise<void> {
  for (let move = 0; move < 5; move++) await site.move(slot)
}

async function otherThan(former: PrivateRedis, current: () => Promise<PrivateRedis | undefined>): Promise<void> {
  for (let found: PrivateRedis | undefined = former; found === former || found === undefined; await pause(50)) {
    found = await current().catch(() => undefined)
  }
}

async function underLoad(bridge: Bridge, work: (visitors: Visitors) => Promise<void>): Promise<void> {
  const visitors = startVisitors(bridge, VISITORS, random)
  try {
    await visitors.recovered()
    await work(visitors)
  } finally {
    await visitors.stop()
    await bridge.close()
  }
}

/** Counts what is lost while something happens, again and again, and how long visitors notice. */
async function happening(visitors: Visitors, what: string, happen: () => Promise<void>): Promise<Losses> {
  const counts = startCounting(what)
  for (let time = 0; time < times; time++) await counts.during(visitors, happen)
  return counts.report()
}

interface Counting {
  during(visitors: Visitors, happen: () => Promise<void>): Promise<void>
  /** Prints and judges what was counted. */
  report(): Losses
}

function startCounting(what: string): Counting {
  const losses = noLosses()
  const wrongs: Wrongs = noWrongs()
  const reasons: Record<string, number> = {}
  const recoveries: number[] = []
  let requests = 0
  let failed = 0
  return {
    async during(visitors, happen) {
      visitors.reset()
      await happen()
      recoveries.push(await visitors.recovered())
      await visitors.sweep()
      requests += visitors.requests.all
      failed += visitors.requests.failed
      add(losses, visitors.losses)
      add(wrongs, visitors.wrongs)
      add(reasons, visitors.requests.byReason)
      if (options.full) console.error(`  ${what}: ${recoveries.length} of ${times}`)
    },
    report() {
      const told = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`)
      console.log(`\n${what}, ${times === 1 ? 'once' : `${times} times`}: ${requests} requests`)
      console.log(`  ${failed} answered 503${told.length > 0 ? ` (${told.join(', ')})` : ''}`)
      console.log(
        `  all served ${median(recoveries).toFixed(0)} ms after it was over, at most ${Math.max(...recoveries).toFixed(0)} ms`,
      )
      console.log(
        `  lost by Redis: ${losses.writes} writes, ${losses.sessions} sessions, ${losses.logouts} logouts; ` +
          `answered from before: ${losses.staleReads}`,
      )
      tell(requests > 100, `${what}: there was enough to judge`)
      for (const [wrong, count] of Object.entries(wrongs)) tell(count === 0, `${what}: ${count} ${wrong}`)
      return losses
    },
  }
}

function add<C extends object>(total: C, more: Readonly<C>): void {
  for (const [name, count] of Object.entries(more)) {
    Object.assign(total, { [name]: Number(Reflect.get(total, name) ?? 0) + Number(count) })
  }
}

async function inGoodOrder(visitors: Visitors, what: string, happen: () => Promise<void>): Promise<void> {
  const losses = await happening(visitors, what, happen)
  const lost = losses.writes + losses.sessions + losses.logouts
  tell(lost === 0, `${what}: nothing lost (${lost})`)
}

async function judgePlant(plant: Plant, site: RedisSentinels): Promise<void> {
  const { port } = await site.settled()
  const client = planted(plant, new Redis({ port, enableOfflineQueue: false, autoResendUnfulfilledCommands: false }))
  const bridge = bridgeOn({ BACKEND: 'django_redis.cache.RedisCache' }, { clients: { caches: { default: client } } })
  const visitors = startVisitors(bridge, VISITORS, random)
  await visitors.recovered()
  await pause(1500)
  await visitors.sweep()
  await visitors.stop()
  client.disconnect()
  const wanted = PLANTS[plant]
  const hits = wanted === 'writes made twice' ? visitors.wrongs[wanted] : visitors.losses[wanted]
  tell(hits > 0, `planted: a client that ${plant} is noticed (${hits} times)`)
}
