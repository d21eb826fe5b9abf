/** The Django half: the fixture site in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

const PROJECT = resolve(import.meta.dirname, '../python-fixtures/project')

export interface DjangoOptions {
  /** A Python that has Django. */
  readonly python: string
  /** `sqlite:////absolute/path`, `postgres://…` or `mysql://…`. */
  readonly databaseUrl: string
  /** Django settings that go over the fixture's own. */
  readonly settings?: object
  readonly nodeUrl?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
}

export interface DjangoSite {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the site and waits until it serves. @throws Error with the last lines that Python wrote */
export async function startDjango(options: DjangoOptions): Promise<DjangoSite> {
  const { python, databaseUrl, settings = {}, nodeUrl = '', port = 0 } = options
  const child = spawn(python, ['manage.py', 'serve_fixture', '--port', String(port)], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      FIXTURE_SETTINGS: JSON.stringify(settings),
      FIXTURE_NODE_URL: nodeUrl,
      PYTHONDONTWRITEBYTECODE: '1',
    },
  })
  let complaints = ''
  child.stderr.on('data', (bytes) => {
    complaints = `${complaints}${bytes}`.slice(-2000)
  })
  const exited = once(child, 'exit')
  const line = await new Promise<string>((found, failed) => {
    createInterface({ input: child.stdout }).once('line', found)
    exited.then(() => failed(new Error(`Django did not start:\n${complaints.trim()}`)), failed)
  })
  const { port: bound } = JSON.parse(line) as { port: number }
  return {
    url: `http://127.0.0.1:${bound}`,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
