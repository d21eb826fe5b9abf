/** Reads the bombs whose numbers it is sent, and tells what each took until it was refused; null for one that was read. */
import { parsePickle } from 'django-session-bridge/python'
import { createPickleSerializer } from '../src/serializers/pickle-serializer.ts'
import { TimestampSigner } from '../src/signing/timestamp-signer.ts'
import { createSessionCodec, SESSION_SALT } from '../src/stores/session-data.ts'
import { PICKLE_BOMBS, ZIPPED_BOMBS } from '../test/python/pickle/bombs.ts'

export interface BombNews {
  /** Nanoseconds of the processor. */
  readonly time: number
  /** Bytes allocated. */
  readonly memory: number
}

const SECRET_KEY = 'a secret of the site that is long enough'
const signer = new TimestampSigner({ key: SECRET_KEY, salt: SESSION_SALT })
const codec = createSessionCodec({ SECRET_KEY, serializer: createPickleSerializer() })

/** Makes one ready to be read; the answer is whether it is refused. */
const BOMBS: readonly (() => () => boolean)[] = [
  ...PICKLE_BOMBS.map(({ pickle }) => () => {
    const bytes = pickle()
    return () => {
      try {
        parsePickle(bytes)
        return false
      } catch {
        return true
      }
    }
  }),
  ...ZIPPED_BOMBS.map(([, zipped]) => () => {
    const text = signer.sign(`.${zipped().toString('base64url')}`)
    return () => 'reason' in codec.decode(text)
  }),
]

const ready = new Map<number, (() => boolean) | undefined>()

process.on('message', (bomb: number) => {
  if (!ready.has(bomb)) ready.set(bomb, BOMBS[bomb]?.())
  const read = ready.get(bomb)
  // Once more for what the first has to let go in the end.
  for (let times = 2; times > 0; times--) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  const start = process.cpuUsage()
  const isRefused = read?.() === true
  const { user, system } = process.cpuUsage(start)
  const after = process.memoryUsage()
  const memory = Math.max(1, after.heapUsed + after.arrayBuffers - heapUsed - arrayBuffers)
  process.send?.(isRefused ? ({ time: (user + system) * 1000, memory } satisfies BombNews) : null)
})
