/** The connections of a bridge: made for the first request that needs them, and never again once the bridge is closed. */
import { StoreUnavailable } from '../errors.ts'
import { heard } from '../unheard.ts'
import type { Connections } from './connect.ts'

export interface LazyConnections {
  /** @throws StoreUnavailable with the reason `closed` after `close` */
  get(): Promise<Connections>
  close(): Promise<void>
}

/** @param open begun anew by the next call where it failed */
export function lazyConnections(open: () => Promise<Connections>): LazyConnections {
  let opening: Promise<Connections> | undefined
  let isClosed = false
  return {
    async get() {
      if (isClosed) throw bridgeClosed()
      if (opening !== undefined) return opening
      const mine = heard(open())
      opening = mine
      mine.catch(() => {
        if (opening === mine) opening = undefined
      })
      return mine
    },
    async close() {
      isClosed = true
      const connections = await opening?.catch(() => undefined)
      opening = undefined
      await connections?.close()
    },
  }
}

/** For calls that begin after their bridge was closed. */
export function bridgeClosed(): StoreUnavailable {
  return new StoreUnavailable(
    'The bridge is closed and opens no session: call bridge.close() after the server has answered its last request.',
    { reason: 'closed' },
  )
}
