/** Pickles of sessions, read and written: this library, pickleparser, which only reads, and CPython timing itself. */
import { formatPickle, parsePickle } from 'django-session-bridge/python'
import { Parser } from 'pickleparser'
import { startOracle } from '../test/interop/oracle.ts'
import type { BenchGroup } from './groups.ts'
import { type Contest, type Contestant, contestant } from './rounds.ts'
import { sessionsBySize } from './session.ts'

export const pickleGroup: BenchGroup = async ({ check, skip, defer }) => {
  const python = process.env.BRIDGE_PYTHON_5_2
  if (!python) skip('CPython', process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set')
  const oracle = python ? startOracle(python) : null
  defer(() => oracle?.stop())
  const cpython = (op: string, bytes: Buffer): Contestant[] => {
    const pickle = bytes.toString('hex')
    return oracle === null ? [] : [{ name: 'CPython', measure: (runs) => oracle.ask<number>({ op, pickle, runs }) }]
  }
  return Object.entries(sessionsBySize()).flatMap(([size, values]): Contest[] => {
    const bytes = formatPickle(values)
    const json = JSON.stringify(values)
    check(`${size}: we read what we write`, JSON.stringify(parsePickle(bytes)) === json)
    check(`${size}: pickleparser reads ours`, JSON.stringify(new Parser().parse(bytes)) === json)
    return [
      {
        title: `pickle read, ${size}`,
        contestants: [
          contestant('django-session-bridge', () => parsePickle(bytes)),
          contestant('pickleparser', () => new Parser().parse(bytes)),
          ...cpython('time_pickle_loads', bytes),
        ],
      },
      {
        title: `pickle written, ${size}`,
        contestants: [
          contestant('django-session-bridge', () => formatPickle(values)),
          ...cpython('time_pickle_dumps', bytes),
        ],
      },
    ]
  })
}
