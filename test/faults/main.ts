/** A store that fails under load, and what users notice: `npm run faults -- --help`. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { refuse, startOutcome } from '../outcome.ts'
import { seededRandom } from '../seeded-random.ts'
import { cachedDbFaults } from './cached-db.ts'
import { databaseFaults, targetsOf } from './databases.ts'
import { DEADLINE_MS, FULL, QUICK, VISITORS } from './load.ts'
import { redisFaults } from './redis.ts'

const HELP = `npm run faults -- [options]

  --only databases|redis|cached_db
             default all
  --database postgres|mysql
             may be repeated; default those that BRIDGE_POSTGRES_URL and BRIDGE_MYSQL_URL name
  --full     the store is down for ${FULL.outageSeconds} s and restarted ${FULL.restarts} times, else ${QUICK.outageSeconds} s and ${QUICK.restarts} times
  --seed N   what visitors do, and how long a restart takes
  --help

${VISITORS} visitors who are logged in go on asking a Node server while its store fails. A database is down, silent or
restarted: connections refused by a proxy, ended by the server, and a server of our own restarted where its programs
are installed. Redis, a redis-server of our own, is stopped, frozen, paused, out of memory, a replica, closed to our user,
restarted and killed. Of cached_db, on a file and a Redis of our own, the cache is stopped or emptied, the database gone, or
both. Then two sites that handle failures wrongly, which must be noticed. Ends with \`N passed, N failed\`.`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    database: { type: 'string', multiple: true },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const seed = Number(options.seed ?? randomInt(2 ** 31))
const isWanted = (group: string): boolean => (options.only ?? group) === group
const targets = isWanted('databases') ? targetsOf(options.database) : []

const outcome = startOutcome()
let unhandled = 0
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    unhandled++
    console.error(event, error)
  })
}

if (options.help) console.log(HELP)
else if (options.only !== undefined && !['databases', 'redis', 'cached_db'].includes(options.only)) {
  refuse(`There is no group ${options.only}.`, HELP)
} else if (targets.length === 0 && isWanted('databases')) {
  refuse('Set BRIDGE_POSTGRES_URL or BRIDGE_MYSQL_URL, or give --only redis or cached_db.', HELP)
} else if (!Number.isSafeInteger(seed)) refuse('--seed is a whole number.', HELP)
else await main()

async function main(): Promise<void> {
  console.log(`${VISITORS} visitors, a deadline of ${DEADLINE_MS} ms; seed ${seed}`)
  const common = { random: seededRandom(seed), outcome, isFull: options.full }
  for (const target of targets) await databaseFaults(target, common)
  if (isWanted('redis')) await redisFaults(common)
  if (isWanted('cached_db')) await cachedDbFaults(common)
  outcome.tell(unhandled === 0, `no unhandled rejection and no uncaught error (${unhandled})`)
  outcome.end()
}
