import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
let proxy: FaultProxy
beforeEach(async () => {
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  proxy = await startFaultProxy({ port: (echo.address() as AddressInfo).port })
})
afterEach(async () => {
  await proxy.close()
  await new Promise((resolve) => echo.close(resolve))
})

/** What one connection got back, and how it ended; it stays open when all came back, or nothing more until `wait` ms. */
async function say(text: string, wait = 30_000): Promise<{ heard: string; end: 'open' | 'reset' | 'refused' }> {
  const socket: Socket = connect(proxy.port, '127.0.0.1')
  let heard = ''
  const whole = Promise.withResolvers<'open'>()
  socket.on('data', (chunk) => {
    heard += String(chunk)
    if (heard === text) whole.resolve('open')
  })
  socket.write(text)
  const end = await Promise.race([
    whole.promise,
    once(socket, 'close').then(() => 'reset' as const),
    new Promise<'open'>((resolve) => setTimeout(() => resolve('open'), wait)),
    new Promise<'reset' | 'refused'>((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'))
    }),
  ])
  socket.destroy()
  return { heard, end }
}

describe('the fault proxy', () => {
  test('passes everything on while there is no fault, and again after one', async () => {
    expect(await say('hello')).toEqual({ heard: 'hello', end: 'open' })
    proxy.fault = { kind: 'down' }
    expect(await say('hello')).toEqual({ heard: '', end: 'refused' })
    proxy.fault = { kind: 'none' }
    await expect.poll(() => say('hello'), { timeout: 30_000 }).toEqual({ heard: 'hello', end: 'open' })
  })

  test('lets nothing through a black hole, loses replies, and cuts after so many bytes', async () => {
    proxy.fault = { kind: 'blackHole' }
    expect(await say('hello', 150)).toEqual({ heard: '', end: 'open' })
    proxy.fault = { kind: 'loseReplies' }
    expect(await say('hello')).toEqual({ heard: '', end: 'reset' })
    proxy.fault = { kind: 'cut', direction: 'toClient', afterBytes: 3 }
    expect((await say('hello')).heard.length).toBeLessThanOrEqual(3)
    proxy.fault = { kind: 'delay', milliseconds: 40 }
    expect((await say('hello', 20)).heard).toBe('')
    expect((await say('hello')).heard).toBe('hello')
  })

  test('nothing overtakes what is delayed, also once nothing is delayed any more', async () => {
    const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true)
    let heard = ''
    socket.on('data', (chunk) => {
      heard += String(chunk)
    })
    proxy.fault = { kind: 'delay', milliseconds: 50 }
    socket.write('a')
    await expect.poll(() => proxy.open).toBe(1)
    await new Promise((resume) => setTimeout(resume, 10))
    proxy.fault = { kind: 'none' }
    socket.write('b')
    await expect.poll(() => heard.length, { timeout: 30_000 }).toBe(2)
    expect(heard).toBe('ab')
    socket.destroy()
  })
})
