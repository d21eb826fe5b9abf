/** A session as a store has just written it. */
import { StoreUnavailable } from '../errors.ts'
import type { SessionData } from '../serializers/serializer.ts'
import type { SessionCodec } from './session-data.ts'
import type { Expiry } from './session-expiry.ts'
import type { StoredSession } from './store.ts'

/** @param text what was stored, which is read back only when somebody goes on with the session; also its version */
export function writtenSession(
  key: string,
  text: string,
  expiry: Expiry,
  codec: Pick<SessionCodec, 'decode'>,
): StoredSession {
  let data: SessionData | undefined
  return {
    key,
    expiry,
    version: text,
    get data() {
      data ??= readBack(text, codec)
      return data
    },
  }
}

function readBack(text: string, codec: Pick<SessionCodec, 'decode'>): SessionData {
  const answer = codec.decode(text)
  if (!('data' in answer)) throw new StoreUnavailable('A session that was just written cannot be read back.')
  return answer.data
}
