/** A site of somebody else's in a process of its own: requests go to it over HTTP, as a browser's would. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { HOST } from './real-site.ts'

export interface ServedSite {
  /** The JSON that the site answers to this Cookie header. */
  ask(cookie: string | undefined): Promise<unknown>
  end(): Promise<void>
}

interface SpawnOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

const READY = /^real-site-port:(\d+)$/

/** Starts a program that prints its port; whatever else it says is shown only when it ends too early. */
export async function serveSite(
  program: string,
  parameters: readonly string[],
  options: SpawnOptions,
  path: string,
): Promise<ServedSite> {
  const child = spawn(program, [...parameters], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  const note = (line: string): void => {
    if (said.push(line) > 20) said.shift()
  }
  createInterface({ input: child.stderr }).on('line', note)
  const port = await new Promise<number>((done, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, found] = READY.exec(line) ?? []
      if (found === undefined) note(line)
      else done(Number(found))
    })
    child.on('error', failed)
    child.on('close', () => failed(new Error(`the site ended before it served:\n${said.join('\n')}`)))
  })
  return {
    ask: (cookie) => get({ port, path }, cookie, said),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}

function get(
  { port, path }: { readonly port: number; readonly path: string },
  cookie: string | undefined,
  said: readonly string[],
): Promise<unknown> {
  return new Promise((done, failed) => {
    const headers = { host: HOST, ...(cookie !== undefined && { cookie }) }
    const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false }, (incoming) => {
      const pieces: Buffer[] = []
      incoming.on('data', (piece: Buffer) => pieces.push(piece))
      incoming.on('error', failed)
      incoming.on('end', () => {
        const text = Buffer.concat(pieces).toString()
        if (incoming.statusCode === 200) return done(JSON.parse(text))
        const last = said.slice(-12).join('\n')
        return failed(new Error(`the site answers ${incoming.statusCode} to ${path}: ${text.slice(0, 200)}\n${last}`))
      })
    })
    outgoing.on('error', failed)
    outgoing.end()
  })
}
