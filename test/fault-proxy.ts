/**
 * A TCP proxy on 127.0.0.1 that fails as networks and servers do, on demand.
 *
 *     const proxy = await startFaultProxy({ port: 5432 })
 *     proxy.fault = { kind: 'blackHole' }
 *     …
 *     await proxy.close()
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Fault =
  | { readonly kind: 'none' }
  /** New connections are refused, open ones reset. */
  | { readonly kind: 'down' }
  /** Connections are accepted and stay; not a byte passes either way until the fault ends. */
  | { readonly kind: 'blackHole' }
  /** What the client sends arrives; what the server answers does not, and the connection is reset instead. */
  | { readonly kind: 'loseReplies' }
  /** Every chunk is this many milliseconds late. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Each connection is reset once this many bytes have passed in that direction, counted from the fault's start. */
  | { readonly kind: 'cut'; readonly direction: Direction; readonly afterBytes: number }

export type Direction = 'toServer' | 'toClient'

export interface FaultProxy {
  readonly port: number
  fault: Fault
  /** Connections that are open now. */
  readonly open: number
  /** Connections that were accepted in all. */
  readonly accepted: number
  /** Resets every open connection; new ones are as the fault has them. */
  reset(): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  passed: Record<Direction, number>
}

/** A proxy to the server of a database's URL, and the URL that leads through it. */
export async function proxyTo(url: string): Promise<{ proxy: FaultProxy; through: string }> {
  const through = new URL(url)
  const standardPort = through.protocol === 'mysql:' ? 3306 : 5432
  const proxy = await startFaultProxy({ host: through.hostname, port: Number(through.port || standardPort) })
  through.hostname = '127.0.0.1'
  through.port = String(proxy.port)
  return { proxy, through: through.href }
}

export async function startFaultProxy(target: { readonly host?: string; readonly port: number }): Promise<FaultProxy> {
  const pairs = new Set<Pair>()
  let fault: Fault = { kind: 'none' }
  let accepted = 0
  let listener: Server | null = await listen(0)
  const { port } = listener.address() as AddressInfo
  let relistening: Promise<unknown> = Promise.resolve()

  async function listen(onPort: number): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, accept)
    server.listen(onPort, '127.0.0.1')
    await once(server, 'listening')
    return server
  }

  function accept(client: Socket): void {
    accepted++
    const server = connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true })
    const pair: Pair = { client, server, passed: { toServer: 0, toClient: 0 } }
    pairs.add(pair)
    carry(pair, client, server, 'toServer')
    carry(pair, server, client, 'toClient')
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => drop(pair))
      socket.on('close', () => drop(pair))
    }
    if (fault.kind === 'blackHole') pause(pair)
  }

  function carry(pair: Pair, from: Socket, to: Socket, direction: Direction): void {
    let waiting = 0
    let last: Promise<unknown> = Promise.resolve()
    /** Never before what came earlier: a network may be slow, but keeps the order. */
    function later(chunk: Buffer, due: number): void {
      waiting++
      last = last
        .then(() => new Promise((resume) => setTimeout(resume, Math.max(0, due - performance.now()))))
        .then(() => {
          waiting--
          if (to.writable) to.write(chunk)
        })
    }
    from.on('data', (chunk) => {
      pair.passed[direction] += chunk.length
      if (fault.kind === 'loseReplies' && direction === 'toClient') return drop(pair)
      if (fault.kind === 'cut' && fault.direction === direction && pair.passed[direction] >= fault.afterBytes) {
        const beyond = pair.passed[direction] - fault.afterBytes
        to.write(chunk.subarray(0, chunk.length - beyond), () => drop(pair))
        return
      }
      const wait = fault.kind === 'delay' ? fault.milliseconds : 0
      if (wait === 0 && waiting === 0) to.write(chunk)
      else later(chunk, performance.now() + wait)
    })
    from.on('end', () => void last.then(() => to.end()))
  }

  function drop(pair: Pair): void {
    if (!pairs.delete(pair)) return
    pair.client.resetAndDestroy()
    pair.server.resetAndDestroy()
  }

  function pause({ client, server }: Pair): void {
    client.pause()
    server.pause()
  }

  function begin(next: Fault): void {
    const wasDown = fault.kind === 'down'
    fault = next
    for (const pair of pairs) {
      pair.passed = { toServer: 0, toClient: 0 }
      if (next.kind === 'blackHole') pause(pair)
      else {
        pair.client.resume()
        pair.server.resume()
      }
    }
    if (next.kind === 'down') {
      for (const pair of [...pairs]) drop(pair)
      listener?.close()
      listener = null
    } else if (wasDown) {
      relistening = listen(port).then((server) => {
        listener = server
      })
    }
  }

  return {
    port,
    get fault() {
      return fault
    },
    set fault(next) {
      begin(next)
    },
    get open() {
      return pairs.size
    },
    get accepted() {
      return accepted
    },
    reset() {
      for (const pair of [...pairs]) drop(pair)
    },
    async close() {
      await relistening
      for (const pair of [...pairs]) drop(pair)
      if (listener !== null) await new Promise((resolve) => listener?.close(resolve))
    },
  }
}
