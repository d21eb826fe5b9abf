/** Pickles of sessions, read and written: this library, pickleparser, which only reads, and CPython timing itself. */
import { formatPickle, parsePickle } from 'django-session-bridge/python'
import { Parser } from 'pickleparser'
import { createPickleSerializer } from '../src/serializers/pickle-serializer.ts'
import type { Encoded, NewValue } from '../src/serializers/serializer.ts'
import { startOracle } from '../test/interop/oracle.ts'
import type { BenchGroup } from './groups.ts'
import { type Contest, type Contestant, contestant } from './rounds.ts'
import { sessionsBySize } from './session.ts'

const serializer = createPickleSerializer()

export const pickleGroup: BenchGroup = async ({ check, skip, defer }) => {
  const python = process.env.BRIDGE_PYTHON_5_2
  if (!python) skip('CPython', process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set')
  const oracle = python ? startOracle(python) : null
  defer(() => oracle?.stop())
  const cpython = (op: string, bytes: Uint8Array): Contestant[] => {
    const pickle = Buffer.from(bytes).toString('hex')
    return oracle === null ? [] : [{ name: 'CPython', measure: (runs) => oracle.ask<number>({ op, pickle, runs }) }]
  }
  const contests: Contest[] = []
  for (const [size, values] of Object.entries(sessionsBySize())) {
    const json = JSON.stringify(values)
    const ours = formatPickle(values)
    // As Django stores it, where there is a Python.
    const stored = oracle === null ? ours : Buffer.from(await oracle.ask<string>({ op: 'pickle_dumps', json }), 'hex')
    check(`${size}: we read what Python writes`, JSON.stringify(parsePickle(stored)) === json)
    check(`${size}: we read what we write`, JSON.stringify(parsePickle(ours)) === json)
    check(
      `${size}: pickleparser reads both`,
      [stored, ours].every((bytes) => isRead(bytes, json)),
    )
    check(`${size}: we change a value`, JSON.stringify(parsePickle(changed(stored))).endsWith('"visits":2}'))
    contests.push(
      {
        title: `pickle read, ${size}`,
        contestants: [
          contestant('django-session-bridge', () => parsePickle(stored)),
          contestant('pickleparser', () => new Parser().parse(stored)),
          ...cpython('time_pickle_loads', stored),
        ],
      },
      {
        title: `pickle of this library read, ${size}`,
        contestants: [
          contestant('django-session-bridge', () => parsePickle(ours)),
          contestant('pickleparser', () => new Parser().parse(ours)),
          ...cpython('time_pickle_loads', ours),
        ],
      },
      {
        title: `session in a pickle, read two values, save a third, ${size}`,
        contestants: [
          contestant('django-session-bridge', () => changed(stored)),
          contestant('the same, every value handed out', () =>
            formatPickle({ ...(parsePickle(stored) as object), visits: 2 }),
          ),
          contestant('pickleparser, which only reads', () => new Parser().parse(stored)),
          ...cpython('time_pickle_change', stored),
        ],
      },
      {
        title: `pickle written, ${size}`,
        contestants: [
          contestant('django-session-bridge', () => formatPickle(values)),
          ...cpython('time_pickle_dumps', ours),
        ],
      },
    )
  }
  return contests
}

/** What a request does to its session. */
function changed(stored: Buffer): Uint8Array {
  const data = new Map<string, Encoded | NewValue>(serializer.loads(stored))
  for (const name of ['_auth_user_id', '_auth_user_hash']) (data.get(name) as Encoded).decode()
  return serializer.dumps(data.set('visits', { value: 2 }))
}

function isRead(bytes: Buffer, json: string): boolean {
  return JSON.stringify(new Parser().parse(bytes)) === json
}
