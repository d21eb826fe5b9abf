/** A port that nobody listens on. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Below the ports that a system gives to whoever asks for any: between two lines of a test, another program could be
 * given such a one.
 */
const FIRST_PORT = 10_240
const END_OF_PORTS = 32_000
/** A claim of a process that was killed. */
const STALE_MS = 600_000

const claims = new Set<string>()
process.once('exit', () => {
  for (const path of claims) rmSync(path, { force: true })
})

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS)
    if (!claim(port)) continue
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch {
      continue
    }
    await new Promise((closed) => server.close(closed))
    return port
  }
}

/** Keeps other tests off a port until its server listens, which takes some of them seconds. */
function claim(port: number): boolean {
  const path = join(tmpdir(), `django-session-bridge-port-${port}`)
  try {
    writeFileSync(path, '', { flag: 'wx' })
  } catch {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    if (age > STALE_MS) rmSync(path, { force: true })
    return false
  }
  claims.add(path)
  return true
}
