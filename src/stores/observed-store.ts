/** Tells the diagnostics channel `django-session-bridge:store` of every call of a store; never of keys or data. */
import { channel } from 'node:diagnostics_channel'
import type { SessionStore } from './store.ts'

type StoreOperation = Exclude<keyof SessionStore, 'movesKeys' | 'close'>

/** What subscribers of the channel get. */
export interface StoreCall {
  readonly operation: StoreOperation
  /** Django's dotted path of the engine. */
  readonly engine: string
  readonly durationMs: number
  /** `ok`, or the code of the error. */
  readonly outcome: string
}

const calls = channel('django-session-bridge:store')

/**
 * @param admit called before each call of the store; throws where none may be made any more
 * @param name makes each call, and says in the error of one that fails where the sessions are
 */
export function observedStore(
  store: SessionStore,
  engine: string,
  admit: () => void = () => undefined,
  name: <T>(call: () => Promise<T>) => Promise<T> = (call) => call(),
): SessionStore {
  async function observed<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    admit()
    return name(() => (calls.hasSubscribers ? told(operation, call) : call()))
  }

  async function told<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    const start = performance.now()
    let outcome = 'ok'
    try {
      return await call()
    } catch (error) {
      outcome = String((error as { code?: unknown }).code ?? 'error')
      throw error
    } finally {
      calls.publish({ operation, engine, durationMs: performance.now() - start, outcome } satisfies StoreCall)
    }
  }
  const { recent } = store
  return {
    ...(store.movesKeys && { movesKeys: store.movesKeys }),
    load: (key) => observed('load', () => store.load(key)),
    exists: (key) => observed('exists', () => store.exists(key)),
    create: (next, request) => observed('create', () => store.create(next, request)),
    save: (seen, next, request) => observed('save', () => store.save(seen, next, request)),
    cycle: (seen, next, request, key) => observed('cycle', () => store.cycle(seen, next, request, key)),
    touch: (seen) => observed('touch', () => store.touch(seen)),
    delete: (key) => observed('delete', () => store.delete(key)),
    ...(recent && { recent: (most) => observed('recent', () => recent.call(store, most)) }),
    clearExpired: () => observed('clearExpired', () => store.clearExpired()),
    check: () => observed('check', () => store.check()),
  }
}
