/** Processes that answer requests of browsers, one JSON line each: Node through a bridge, and real Django. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import type { DjangoDatabase } from '../database-choice.ts'
import type { Reply, Request, Side } from './event.ts'
import type { WorkerOptions } from './node-worker.ts'

export interface Worker {
  readonly side: Side
  /** How many requests it takes at a time. */
  readonly breadth: number
  ask(request: Request): Promise<Reply>
  stop(): Promise<void>
}

export interface SiteSecrets {
  readonly secretKey: string
  readonly fallbackKey: string
  readonly password: string
}

/** Where a site's Django finds its data, and its other settings. */
export interface DjangoPlace {
  readonly database: DjangoDatabase
  readonly settings?: Partial<DjangoSettings>
}

const NODE_BREADTH = 5
const FIXTURES = resolve(import.meta.dirname, '../../python-fixtures')

export function nodeWorker(options: WorkerOptions): Promise<Worker> {
  const file = resolve(import.meta.dirname, options.fault === undefined ? 'node-worker.ts' : 'faulty-worker.ts')
  return started('node', NODE_BREADTH, spawn(process.execPath, [file, JSON.stringify(options)], PIPES))
}

export function djangoWorker(python: string, place: DjangoPlace, secrets: SiteSecrets): Promise<Worker> {
  return started('django', 1, djangoProcess(python, place, secrets, 'serve'))
}

/** Makes the tables and the one user. */
export async function prepareDatabase(python: string, place: DjangoPlace, secrets: SiteSecrets): Promise<void> {
  const child = djangoProcess(python, place, secrets, 'prepare')
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error('Django could not make its tables; its message is above.')
}

/** Every stored session as Django reads it. */
export function storedRows(python: string, place: DjangoPlace, secrets: SiteSecrets) {
  return told<{ key: string; state: Reply['seen']; is_readable: boolean }>(python, place, secrets, 'rows')
}

/** What stood where Django set a session, by the number of the request; nothing where the cache does not tell. */
export function notedSets(python: string, place: DjangoPlace, secrets: SiteSecrets) {
  return told<{ id: number; over: number | null }>(python, place, secrets, 'sets')
}

async function* told<T>(python: string, place: DjangoPlace, secrets: SiteSecrets, task: string): AsyncGenerator<T> {
  const child = djangoProcess(python, place, secrets, task)
  const exited = once(child, 'exit')
  for await (const line of linesOf(child)) yield JSON.parse(line) as T
  const [code] = (await exited) as [number | null]
  if (code !== 0) throw new Error(`Django could not tell the ${task}; its message is above.`)
}

function djangoProcess(python: string, place: DjangoPlace, secrets: SiteSecrets, task: string): ChildProcess {
  const { database, settings = {} } = place
  const options = {
    database,
    settings,
    secret_key: secrets.secretKey,
    secret_key_fallbacks: [secrets.fallbackKey],
    password: secrets.password,
  }
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  return spawn(python, ['history_worker.py', JSON.stringify(options), task], { ...PIPES, cwd: FIXTURES, env })
}

const PIPES: SpawnOptions = { stdio: ['pipe', 'pipe', 'inherit'] }

function linesOf(child: ChildProcess): AsyncIterable<string> {
  if (child.stdout === null) throw new Error('The worker has no output.')
  return createInterface({ input: child.stdout })
}

async function started(side: Side, breadth: number, child: ChildProcess): Promise<Worker> {
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>()
  const ready = Promise.withResolvers<void>()
  let isStopping = false
  child.on('exit', (code) => {
    const error = new Error(`A worker of ${side} ended by itself, with ${code}.`)
    if (!isStopping) ready.reject(error)
    for (const { reject } of waiting.values()) reject(error)
  })
  void (async () => {
    for await (const line of linesOf(child)) {
      const reply = JSON.parse(line) as Reply & { ready?: true }
      if (reply.ready) ready.resolve()
      waiting.get(reply.id)?.resolve(reply)
      waiting.delete(reply.id)
    }
  })()
  await ready.promise
  return {
    side,
    breadth,
    ask(request) {
      const answer = Promise.withResolvers<Reply>()
      waiting.set(request.id, answer)
      child.stdin?.write(`${JSON.stringify(request)}\n`)
      return answer.promise
    },
    async stop() {
      isStopping = true
      const exited = once(child, 'exit')
      child.stdin?.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(timer)
    },
  }
}
