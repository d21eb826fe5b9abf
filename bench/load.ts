/** Requests over a few connections that stay open, one after another on each, with as little work as may be. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Load {
  /** Sends so many requests in all; returns the nanoseconds until the last answer. @throws for any status but 200 */
  send(requests: number): Promise<number>
  close(): void
}

/**
 * @param cookies one for each connection; an empty one for none
 */
export async function openLoad(port: number, path: string, cookies: readonly string[]): Promise<Load> {
  const connections = await Promise.all(cookies.map((cookie) => openConnection(port, path, cookie)))
  return {
    async send(requests) {
      let left = requests
      const start = process.hrtime.bigint()
      await Promise.all(
        connections.map(async (connection) => {
          while (left-- > 0) await connection.request()
        }),
      )
      return Number(process.hrtime.bigint() - start)
    },
    close() {
      for (const connection of connections) connection.close()
    },
  }
}

interface Connection {
  request(): Promise<void>
  close(): void
}

async function openConnection(port: number, path: string, cookie: string): Promise<Connection> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...(cookie === '' ? [] : [`Cookie: ${cookie}`])]
  const message = `${lines.join('\r\n')}\r\n\r\n`
  let received = ''
  let answered: PromiseWithResolvers<void> | null = null
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    received += chunk
    if (!isComplete(received)) return
    const isGood = received.startsWith('HTTP/1.1 200 ')
    const status = received.slice(0, received.indexOf('\r\n'))
    received = ''
    if (isGood) answered?.resolve()
    else answered?.reject(new Error(`GET ${path}: ${status}`))
  })
  socket.on('error', (error) => answered?.reject(error))
  socket.on('close', () => answered?.reject(new Error(`GET ${path}: the server closed the connection`)))
  return {
    request() {
      answered = Promise.withResolvers()
      if (socket.closed) answered.reject(new Error(`GET ${path}: the server had closed the connection`))
      socket.write(message)
      return answered.promise
    },
    close() {
      answered = null
      socket.destroy()
    },
  }
}

function isComplete(received: string): boolean {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(received)
  return received.length >= end + 4 + Number(length?.[1] ?? 0)
}
