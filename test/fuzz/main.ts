/** Pickles, at random: `npm run fuzz -- --help`. */
import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { pickle } from '../../src/python/pickle/pickler.ts'
import { type Oracle, startOracle } from '../interop/oracle.ts'
import { startOutcome } from '../outcome.ts'
import { DJANGO_VERSIONS, type VectorRecord, vectorFile } from '../vectors.ts'
import type { WorkerNews, WorkerTask } from './mutation-worker.ts'
import { roundTrips } from './round-trips.ts'

const FULL = { values: 100_000, mutations: 1_000_000 }
const QUICK = { values: 1_000, mutations: 10_000 }
const SHARD = 50_000
/** Bytes that a worker may hold; V8 ends one that takes more. */
const MEMORY = 192 << 20
/** Milliseconds without news from a worker, which sends some for each thousand. */
const PATIENCE = 120_000

const HELP = `npm run fuzz -- [options]

  --values N     random values from Python through Node and back; default ${QUICK.values}
  --mutations N  pickles with a few bytes changed, to be read; default ${QUICK.mutations}
  --full         ${FULL.values} values and ${FULL.mutations} mutations
  --seed N       repeats a run
  --help

Values must come back equal in value, type, order and sharing, in pickles that name nothing but what is allowed; Python
judges. A mutated pickle must be read as Python reads it or refused with a SerializationError, and never hang or take
more than ${MEMORY >> 20} MiB. Ends with \`N passed, N failed\`.`

const { values: options } = parseArgs({
  options: {
    values: { type: 'string' },
    mutations: { type: 'string' },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const { tell, end } = startOutcome()

if (options.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const sizes = options.full ? FULL : QUICK
  const values = Number(options.values ?? sizes.values)
  const mutations = Number(options.mutations ?? sizes.mutations)
  const seed = Number(options.seed ?? randomInt(2 ** 31))
  if (![values, mutations, seed].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    console.error('--values, --mutations and --seed are whole numbers.')
    process.exitCode = 1
    return
  }
  console.log(`${values} values, ${mutations} mutations, seed ${seed}`)
  const oracles = DJANGO_VERSIONS.flatMap((version) => {
    const python = process.env[`BRIDGE_PYTHON_${version.replace('.', '_')}`]
    if (python === undefined) console.log(`no Python with Django ${version}: not judged by it`)
    return python === undefined ? [] : [{ version, oracle: startOracle(python) }]
  })
  try {
    if (process.env.CI && oracles.length < DJANGO_VERSIONS.length) tell(false, 'every Python is there to judge')
    for (const { version, oracle } of values > 0 ? oracles : []) await fuzzValues(version, oracle, values, seed)
    if (mutations > 0) await fuzzBytes(oracles[0]?.oracle, mutations, seed)
  } finally {
    for (const { oracle } of oracles) oracle.stop()
  }
  end()
}

async function fuzzValues(version: string, oracle: Oracle, count: number, seed: number): Promise<void> {
  const progress = progressOf(`values of Django ${version}'s Python`, count)
  const { values, copies, faults } = await roundTrips(oracle, { seed, count, progress })
  for (const { pickle, reply, reason } of faults.slice(0, 5)) {
    console.log(`    a reply ${reason}: ${pickle} came back as ${reply}`)
  }
  console.log(`  ${values} values, ${copies} of them also made anew from their parts`)
  tell(values === count && faults.length === 0, `Django ${version}'s Python: values come back as they went`)
}

async function fuzzBytes(oracle: Oracle | undefined, count: number, seed: number): Promise<void> {
  const corpus = DJANGO_VERSIONS.flatMap((version) => picklesOf(version))
  const progress = progressOf('mutations', count)
  const faults: string[] = []
  const judged = { read: 0, refused: 0 }
  let peak = 0
  for (let done = 0; done < count; done += SHARD) {
    const task = { corpus, seed: seed + done, count: Math.min(SHARD, count - done) }
    const end = await runWorker(task, async (news) => {
      if ('reason' in news) {
        faults.push(`${news.reason}: ${news.pickle}`)
        return
      }
      peak = Math.max(peak, news.peakBytes)
      progress(done + news.done)
      if (oracle !== undefined) faults.push(...(await compare(oracle, news.taken, judged)))
    })
    if (end !== null) faults.push(`seed ${task.seed}: ${end}`)
  }
  for (const fault of faults.slice(0, 5)) console.log(`    ${fault}`)
  console.log(`  most memory at rest ${Math.round(peak / 2 ** 20)} MiB`)
  tell(faults.length === 0, `${count} mutated pickles: read or refused, nothing else`)
  if (oracle === undefined) return
  console.log(`  judged by Python: ${judged.read} read alike, ${judged.refused} that Python itself refuses`)
  tell(judged.read > 0 || count < 1000, 'what is read of them, Python reads alike')
}

/** Those that Python reads as one value, and as another once they went through Node. */
async function compare(oracle: Oracle, taken: readonly string[], judged: { read: number; refused: number }) {
  const pairs = taken.map((hex) => [hex, pickle(readPickle(Buffer.from(hex, 'hex'))).toString('hex')])
  const answers = await oracle.ask<(boolean | null)[]>({ op: 'read_alike', pairs })
  for (const answer of answers) judged[answer === null ? 'refused' : 'read']++
  return taken.filter((_, index) => answers[index] === false).map((hex) => `read otherwise: ${hex}`)
}

/** Runs a worker to its end; null, or how it ended instead. */
function runWorker(task: WorkerTask, heard: (news: WorkerNews) => Promise<void>): Promise<string | null> {
  const worker = fork(join(import.meta.dirname, 'mutation-worker.ts'), {
    execArgv: [`--max-old-space-size=${MEMORY >> 20}`],
  })
  return new Promise((resolve) => {
    let hung = false
    let pending = Promise.resolve()
    const hang = (): void => {
      hung = true
      worker.kill('SIGKILL')
    }
    let timer = setTimeout(hang, PATIENCE)
    worker.on('message', (news: WorkerNews) => {
      clearTimeout(timer)
      timer = setTimeout(hang, PATIENCE)
      pending = pending.then(() => heard(news))
    })
    worker.on('exit', (code, signal) => {
      clearTimeout(timer)
      const end = hung ? 'a worker hung' : code === 0 ? null : `a worker ended with ${signal ?? code}`
      pending.then(() => resolve(end))
    })
    worker.send(task)
  })
}

/** Every pickle of the vectors, good, bad and forbidden. */
function picklesOf(version: string): string[] {
  type Pickled = VectorRecord & { pickle?: string; pickles?: string[] }
  const { records } = vectorFile<{ django: string; records: Pickled[] }>('pickle', version)
  const all = records.flatMap(({ pickle, pickles }) => pickles ?? (pickle === undefined ? [] : [pickle]))
  return all.filter((hex) => hex.length < 4000)
}

function progressOf(what: string, count: number): (done: number) => void {
  let told = performance.now()
  return (done) => {
    if (performance.now() - told < 5000) return
    told = performance.now()
    console.error(`  ${what}: ${done} of ${count}`)
  }
}
