/** One Memcached server: a few connections that are used in turn, within the deadline of each call. */

import { callLimit } from '../../call-limit.ts'
import { createCircuit, noCircuit } from '../../circuit.ts'
import { type Deadline, withinDeadline } from '../../deadline.ts'
import { StoreUnavailable } from '../../errors.ts'
import { OutcomeUnknown } from '../../outcome-unknown.ts'
import { type MemcachedAddress, MemcachedConnection } from './memcached-connection.ts'
import { connectionFault, refusal } from './memcached-faults.ts'
import type { Answer } from './text-protocol.ts'

export interface Question {
  readonly bytes: Buffer
  /** What a value must be found under; null for questions without one. */
  readonly key: string | null
  /** Whether asking twice does no harm, so that it may be asked again when a connection breaks. */
  readonly mayRepeat: boolean
  /** The lines that are answers; any other is a refusal. */
  readonly answers: RegExp
}

export interface MemcachedServer {
  /** @throws StoreUnavailable; OutcomeUnknown for a question that may not be repeated and whose answer was lost */
  ask(question: Question, deadline: Deadline): Promise<Answer>
  close(): void
}

const MOST_CONNECTIONS = 20

/** @param hasCircuit whether questions fail at once while the server cannot be reached */
export function memcachedServer(address: MemcachedAddress, hasCircuit: boolean): MemcachedServer {
  const idle: MemcachedConnection[] = []
  const open = new Set<MemcachedConnection>()
  const waiting: (() => void)[] = []
  const circuit = hasCircuit ? createCircuit(connectionFault) : noCircuit
  const limit = callLimit('a Memcached server')
  let used = 0

  /** Takes a place among the connections, or waits for one. */
  async function enter(deadline: Deadline): Promise<void> {
    if (used < MOST_CONNECTIONS) {
      used++
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push(resolve)
    await withinDeadline(promise, deadline, () => waiting.splice(waiting.indexOf(resolve), 1))
  }

  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) used--
    else next()
  }

  async function connected(deadline: Deadline): Promise<MemcachedConnection> {
    const abandon = new AbortController()
    const opening = MemcachedConnection.open(address, forget, abandon.signal)
    const made = await withinDeadline(opening, deadline, () => abandon.abort())
    open.add(made)
    return made
  }

  function forget(ended: MemcachedConnection): void {
    open.delete(ended)
    const place = idle.indexOf(ended)
    if (place >= 0) idle.splice(place, 1)
  }

  async function attempt(question: Question, deadline: Deadline): Promise<Attempt> {
    const known = idle.pop()
    const connection = known ?? (await circuit(() => connected(deadline)))
    try {
      const answering = connection.ask(question.bytes, question.key)
      const answer = await withinDeadline(answering, deadline, () => undefined)
      // After a refusal nobody knows what the server takes for the next question.
      if (isRefusal(answer, question)) connection.destroy()
      else idle.push(connection)
      return { answer }
    } catch (error) {
      // Nothing late can be taken for the answer to another question.
      connection.destroy()
      return { lost: connectionFault(error), wasKnown: known !== undefined }
    }
  }

  /** A restart breaks every idle connection; each one that is met is destroyed, and then a new one is made. */
  async function ask(question: Question, deadline: Deadline): Promise<Answer> {
    for (let isLast = false; ; ) {
      const result = await attempt(question, deadline)
      if ('answer' in result) return result.answer
      const { lost, wasKnown } = result
      if (!question.mayRepeat) throw lost instanceof StoreUnavailable ? new OutcomeUnknown(lost) : lost
      if (isLast || deadline.remaining() === 0) throw lost
      isLast = !wasKnown
    }
  }

  async function askInTurn(question: Question, deadline: Deadline): Promise<Answer> {
    await enter(deadline)
    try {
      const answer = await ask(question, deadline)
      if (isRefusal(answer, question)) throw refusal(answer)
      return answer
    } catch (error) {
      throw connectionFault(error)
    } finally {
      leave()
    }
  }

  return {
    ask: (question, deadline) => limit.run(() => askInTurn(question, deadline)),
    close() {
      for (const connection of open) connection.destroy()
    },
  }
}

/** The answer, or what hid it after the question was sent. */
type Attempt = { readonly answer: Answer } | { readonly lost: Error; readonly wasKnown: boolean }

function isRefusal(answer: Answer, { answers }: Question): answer is string {
  return typeof answer === 'string' && !answers.test(answer)
}
