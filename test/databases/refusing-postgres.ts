/** A PostgreSQL that lets nobody in. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A server that answers whatever is said to it with a FATAL error of this SQLSTATE, and counts who came. */
export async function refusingServer(sqlState: string): Promise<{ port: number; asked: number; close(): void }> {
  const fields = ['SFATAL', 'VFATAL', `C${sqlState}`, 'Mthe server says no', ''].map((field) => `${field}\0`).join('')
  const answer = Buffer.alloc(5 + fields.length)
  answer.write('E')
  answer.writeInt32BE(4 + fields.length, 1)
  answer.write(fields, 5)
  const server = createServer((socket) => {
    found.asked++
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const found = { port: (server.address() as AddressInfo).port, asked: 0, close: () => server.close() }
  return found
}
