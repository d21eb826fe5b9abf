/** A port that nobody listens on. */

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports that a system gives to whoever asks for any: between two lines of a test, another program could be
 * given such a one.
 */
const FIRST_PORT = 10_240
const END_OF_PORTS = 32_000

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS)
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
