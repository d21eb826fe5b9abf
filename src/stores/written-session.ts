/** A session as a store has just written it. */
import { StoreUnavailable } from '../errors.ts'
import type { SessionData } from '../serializers/serializer.ts'
import type { Expiry } from './session-expiry.ts'
import type { StoredSession } from './store.ts'

/** @param decode reads what was stored, only when somebody goes on with the session; at most once */
export function writtenSession(
  key: string,
  version: unknown,
  expiry: Expiry,
  decode: () => { readonly data: SessionData } | object,
): StoredSession {
  let data: SessionData | undefined
  return {
    key,
    expiry,
    version,
    get data() {
      data ??= readBack(decode)
      return data
    },
  }
}

function readBack(decode: () => { readonly data: SessionData } | object): SessionData {
  const answer = decode()
  if (!('data' in answer)) throw new StoreUnavailable('A session that was just written cannot be read back.')
  return answer.data
}
