/**
 * Statements on a pool of connections to a server. A connection that missed its deadline or broke is destroyed, never
 * used again; a statement is sent once more only where that is harmless; a server that is being restarted is waited for.
 */

import { callLimit, WaitedInVain } from '../call-limit.ts'
import { createCircuit } from '../circuit.ts'
import { type Deadline, withinDeadline } from '../deadline.ts'
import { type DjangoBridgeError, StoreUnavailable } from '../errors.ts'
import { OutcomeUnknown } from '../outcome-unknown.ts'
import { startPatience } from '../patience.ts'
import type { SqlValue } from './database.ts'
import { type PoolCounts, type PoolUse, watchPool } from './pool-use.ts'

export interface Statement {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
  readonly isRead: boolean
}

/** The part of a driver's connection that is used here. */
export interface PooledClient {
  on?(event: 'error', listener: () => void): unknown
  removeListener?(event: 'error', listener: () => void): unknown
}

/** A pool, and what its driver does with a connection of it. */
export interface PoolDriver<Client extends PooledClient, Result> {
  /** As messages name it. */
  readonly server: string
  readonly counts: PoolCounts
  connect(): Promise<Client>
  /** Prepares a connection for its first statement. */
  greet?(client: Client): Promise<unknown>
  send(client: Client, statement: Statement): Promise<Result>
  /** With `destroy` the connection is closed instead of going back to the pool. */
  release(client: Client, destroy: boolean): void
  /** Ends the pool; absent when it belongs to the caller. */
  end?(): Promise<void>
}

/** How a driver's errors are to be taken. */
export interface ServerFaults {
  /** @returns the error to throw */
  faultOf(error: unknown): DjangoBridgeError
  /** Whether it was the server that said it. */
  isRefusal(error: unknown): boolean
  /** Whether the server answered the statement, with no, so that the connection is as sound as before. */
  isAnswer(error: unknown): boolean
  /** Whether it is certain that the statement changed nothing and may succeed when it is sent again. */
  isRolledBack(error: unknown): boolean
  /** Whether the connection is of no more use though the server answered: after a failover it leads to a standby. */
  isOutOfDate(error: unknown): boolean
  /** Whether a connection broke, as after a restart of the server, rather than being refused or timing out. */
  isBroken(error: unknown): boolean
}

export interface PooledStatements<Result> {
  /** @throws StoreUnavailable, OutcomeUnknown, and what `faultOf` makes of errors */
  run(statement: Statement, deadline: Deadline): Promise<Result>
  close(): Promise<void>
}

/** @param open called on first use */
export function pooledStatements<Client extends PooledClient, Result>(
  open: () => Promise<PoolDriver<Client, Result>>,
  faults: ServerFaults,
): PooledStatements<Result> {
  const { faultOf, isRefusal, isAnswer, isRolledBack, isOutOfDate, isBroken } = faults
  let opened: Promise<{ driver: PoolDriver<Client, Result>; use: PoolUse }> | undefined
  /** Connections that were greeted. */
  const greeted = new WeakSet<Client>()
  /** Connections that have answered before, and so may be stale since the server was restarted. */
  const proven = new WeakSet<Client>()
  const circuit = createCircuit(faultOf)
  const limit = callLimit('the pool of the database')

  async function runWithin(statement: Statement, deadline: Deadline): Promise<Result> {
    opened ??= open().then((driver) => ({ driver, use: watchPool(driver.counts, driver.server) }))
    // A driver that cannot be loaded is tried again with the next call.
    const { driver, use } = await opened.catch((error: unknown) => {
      opened = undefined
      throw faultOf(error)
    })
    for (let isLast = false; ; ) {
      const attempt = await ask(driver, use, statement, deadline)
      if ('result' in attempt) return attempt.result
      const { error, isSent, wasProven } = attempt
      const isHarmless = isRolledBack(error) || (isBroken(error) && (statement.isRead || !isSent))
      if (!isHarmless || isLast || deadline.remaining() === 0) {
        const fault = faultOf(error)
        const isUnknown = isSent && !statement.isRead && !isAnswer(error) && fault instanceof StoreUnavailable
        throw isUnknown ? new OutcomeUnknown(fault) : fault
      }
      // A restart leaves every pooled connection stale; each one that is met is destroyed, and then a new one is made.
      isLast = !wasProven || isRolledBack(error)
    }
  }

  async function ask(
    driver: PoolDriver<Client, Result>,
    use: PoolUse,
    statement: Statement,
    deadline: Deadline,
  ): Promise<{ result: Result } | FailedAttempt> {
    let client: Client
    try {
      client = await circuit(() => checkOutPatiently(driver, use, deadline))
    } catch (error) {
      return { error, isSent: false, wasProven: false }
    }
    const wasProven = proven.has(client)
    // A client that breaks emits `error` beside failing its query; without a listener that ends the process.
    client.on?.('error', ignore)
    let destroy = true
    let isSent = false
    try {
      if (driver.greet !== undefined && !greeted.has(client)) {
        await withinDeadline(driver.greet(client), deadline, ignore)
        greeted.add(client)
      }
      isSent = true
      const result = await withinDeadline(driver.send(client, statement), deadline, ignore)
      destroy = false
      use.answered()
      proven.add(client)
      return { result }
    } catch (error) {
      if (isAnswer(error)) use.answered()
      destroy = !isAnswer(error) || isOutOfDate(error)
      return { error, isSent, wasProven }
    } finally {
      use.released()
      if (destroy) use.destroyed(client)
      driver.release(client, destroy)
      client.removeListener?.('error', ignore)
    }
  }

  /** Waits for a server that is being restarted. */
  async function checkOutPatiently(
    driver: PoolDriver<Client, Result>,
    use: PoolUse,
    deadline: Deadline,
  ): Promise<Client> {
    for (const patience = startPatience(deadline); ; await patience.pause()) {
      try {
        return await checkOut(driver, use, deadline)
      } catch (error) {
        if (!mayComeBack(faultOf(error)) || patience.isOver()) throw error
      }
    }
  }

  async function checkOut(driver: PoolDriver<Client, Result>, use: PoolUse, deadline: Deadline): Promise<Client> {
    const since = performance.now()
    const connecting = driver.connect()
    let isLate = false
    // A connection that comes after its deadline belongs to nobody: it goes straight back.
    connecting.then((client) => isLate && driver.release(client, false), ignore)
    try {
      const client = await withinDeadline(connecting, deadline, () => {
        isLate = true
      })
      use.taken(client)
      return client
    } catch (error) {
      if (!isRefusal(error) && use.isExhausted(since)) throw use.exhausted()
      throw use.isFull() && isTimeout(error)
        ? new WaitedInVain((error as Error).message, { reason: 'deadline' })
        : error
    }
  }

  return {
    run: (statement, deadline) => limit.run(() => runWithin(statement, deadline)),
    async close() {
      const ending = await opened?.catch(() => undefined)
      opened = undefined
      await ending?.driver.end?.()
    },
  }
}

interface FailedAttempt {
  readonly error: unknown
  /** Whether the statement may have reached the server. */
  readonly isSent: boolean
  /** Whether the connection had answered before. */
  readonly wasProven: boolean
}

/** Ours, or that of `pg`, which has no code. */
function isTimeout(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return error.reason === 'deadline'
  return /^timeout exceeded when trying to connect/.test(String((error as { message?: unknown }).message))
}

/** Whether a server that could not be connected to may be there in a moment, as while it is restarted. */
function mayComeBack(fault: DjangoBridgeError): boolean {
  return fault instanceof StoreUnavailable && (fault.reason === 'unreachable' || fault.reason === 'starting_up')
}

function ignore(): void {}
