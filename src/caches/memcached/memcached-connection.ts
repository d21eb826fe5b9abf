/** One connection to a Memcached server. It answers one question at a time, and after a failure none any more. */
import { connect, type Socket } from 'node:net'
import { type Answer, AnswerReader, NoAnswer } from './text-protocol.ts'

/** Where a server listens. */
export type MemcachedAddress = { readonly host: string; readonly port: number } | { readonly path: string }

export class MemcachedConnection {
  readonly #socket: Socket
  readonly #onEnd: (ended: MemcachedConnection) => void
  #reader: AnswerReader | null = null
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | null = null
  #isSound = true

  private constructor(socket: Socket, onEnd: (ended: MemcachedConnection) => void) {
    this.#socket = socket
    this.#onEnd = onEnd
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(broken()))
    socket.on('end', () => this.#fail(broken()))
  }

  /** @param onEnd called when the connection is of no more use. Rejects with the socket's own error. */
  static open(
    address: MemcachedAddress,
    onEnd: (ended: MemcachedConnection) => void,
    abandoned: AbortSignal,
  ): Promise<MemcachedConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, signal: abandoned })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new MemcachedConnection(socket, onEnd))
      })
    })
  }

  /** @param key what a value must be found under. Rejects when the connection breaks, or what comes is no answer. */
  ask(question: Buffer, key: string | null): Promise<Answer> {
    if (!this.#isSound || this.#settle !== null) return Promise.reject(broken())
    return new Promise((resolve, reject) => {
      this.#reader = new AnswerReader(key)
      this.#settle = { resolve, reject }
      this.#socket.write(question)
    })
  }

  /** Ends the connection and what is being asked: nothing late can be taken for the answer to another question. */
  destroy(): void {
    this.#fail(broken())
  }

  #take(bytes: Buffer): void {
    try {
      if (this.#reader === null) throw new NoAnswer('an answer without a question')
      const answer = this.#reader.take(bytes)
      if (answer === null) return
      const settle = this.#settle
      this.#reader = this.#settle = null
      settle?.resolve(answer)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    if (!this.#isSound) return
    this.#isSound = false
    this.#socket.destroy()
    const settle = this.#settle
    this.#reader = this.#settle = null
    this.#onEnd(this)
    settle?.reject(error)
  }
}

function broken(): Error {
  return Object.assign(new Error('The connection ended.'), { code: 'ECONNRESET' })
}
