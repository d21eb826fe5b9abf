/** Sessions with values of classes that only Python has: they open, and the values go back as the objects that they are. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { PickleForbidden } from '../../src/errors.ts'
import { PyCounter } from '../../src/python/collections.ts'
import { PyLazyText } from '../../src/python/django-text.ts'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { type PickleProtocol, pickle } from '../../src/python/pickle/pickler.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import type { Encoded, NewValue } from '../../src/serializers/serializer.ts'
import { outcome } from '../vectors.ts'
import { type Oracle, startOracle } from './oracle.ts'

interface Told {
  readonly name: string
  readonly kind: 'opaque' | 'read'
  readonly pickle: string
}

/** Another value changed, and one deleted, as a request does it. */
function changed(pickle: string, protocol: PickleProtocol): string {
  const serializer = createPickleSerializer({ protocol })
  const data = new Map<string, Encoded | NewValue>(serializer.loads(Buffer.from(pickle, 'hex')))
  data.delete('before')
  data.set('visits', { value: 2 })
  return Buffer.from(serializer.dumps(data)).toString('hex')
}

for (const django of inject('djangos')) {
  describe.runIf('python' in django)(`Python of Django ${django.version}`, () => {
    let oracle: Oracle
    beforeAll(() => {
      oracle = startOracle('python' in django ? django.python : '')
    })
    afterAll(() => oracle?.stop())

    const ask = (protocol: number) => oracle.ask<Told[]>({ op: 'opaque_sessions', protocol })

    test.each([0, 1, 2, 3, 4, 5])('pickles of protocol %i come back as the same objects', async (protocol) => {
      const told = await ask(protocol)
      expect(told.length).toBeGreaterThan(30)
      for (const written of [2, 3, 4, 5] as const) {
        const possible = told.filter(({ name }) => written >= 4 || name !== 'keywords')
        const pairs = possible.map(({ pickle }) => [pickle, changed(pickle, written)])
        const differences = await oracle.ask<unknown[]>({ op: 'opaque_alike', pairs })
        expect(possible.map(({ name }, index) => ({ name, differs: differences[index] }))).toEqual(
          possible.map(({ name }) => ({ name, differs: null })),
        )
      }
    })

    test('only a value of such a class cannot be read, and the error names the class', async () => {
      for (const { name, kind, pickle } of await ask(5)) {
        const data = createPickleSerializer().loads(Buffer.from(pickle, 'hex'))
        expect(data.get('_auth_user_id')?.decode(), name).toBe('7')
        expect(data.get('cart')?.decode(), name).toEqual(['pear', 1])
        const read = outcome(() => data.get('it')?.decode())
        if (name === 'a key of the session') expect(read).toEqual({ value: 'x' })
        else if (kind === 'opaque') expect(read, name).toEqual({ error: expect.any(PickleForbidden) })
        else expect(read, name).not.toHaveProperty('error')
      }
    })

    test('what needs no class of the site is read', async () => {
      const read = new Map(
        (await ask(4)).map(({ name, pickle }) => [
          name,
          () => createPickleSerializer().loads(Buffer.from(pickle, 'hex')).get('it')?.decode(),
        ]),
      )
      expect(read.get('a ReturnList')?.()).toEqual([{ a: 1 }, { a: 2 }])
      expect(read.get('a Counter')?.()).toEqual(new PyCounter([...'pears'].map((letter) => [letter, 1])))
      expect(read.get('a lazy text with a number')?.()).toEqual(
        new PyLazyText('django.utils.translation.ngettext', [], {
          singular: '%d pear',
          plural: '%d pears',
          number: 3,
        }),
      )
    })
  })
}

/** Calls of classes that are known, in protocol 0: what Python refuses is refused, what it takes is read alike or not read. */
const CALLS = [
  'cdatetime\ndate\n(I2020\nI1\nI2\ntR.',
  'cdatetime\ndate\n(I2020\nI1\nI2\nI3\ntR.',
  'cdatetime\ndate\n(V\x07\x1f\x01\x02\ntR.',
  'cdatetime\ndate\n(V\x07\x1f\x01\ntR.',
  'cdatetime\ndate\n(V\x07\x1f\x01\x02\nNtR.',
  'cdatetime\ndatetime\n(V\x07\x1f\x01\x02\x03\x04\x05\x00\x00\x01\nNtR.',
  'cdatetime\ndatetime\n(V\x07\x1f\x01\x02\x03\x04\x05\x00\x00\x01\nNNtR.',
  'cdatetime\ntime\n(V\x03\x04\x05\x00\x00\x01\nI1\ntR.',
  'cdatetime\ntime\n(tR.',
  'cdatetime\ntimedelta\n(tR.',
  'cdatetime\ntimedelta\n(I1\ntR.',
  'cdatetime\ntimedelta\n(I1\nI2\nI3\nI4\ntR.',
  'cdatetime\ntimedelta\n(I1\nI2\nI3\nI4\nI5\nI6\nI7\nI8\ntR.',
  'cdatetime\ntimedelta\n(F0.5\ntR.',
  'cdatetime\ntimedelta\n(V1\ntR.',
  'cdatetime\ntimezone\n(cdatetime\ntimedelta\n(tRNtR.',
  'cdatetime\ntimezone\n(cdatetime\ntimedelta\n(tRVx\nVy\ntR.',
  'cdecimal\nDecimal\n(tR.',
  'cdecimal\nDecimal\n(V1.5\nNtR.',
  'cdecimal\nDecimal\n(V1.5\nNNtR.',
  'cdecimal\nDecimal\n(V 1_0 \ntR.',
  'cdecimal\nDecimal\n(I5\ntR.',
  'c__builtin__\ncomplex\n(F1.0\nF2.0\nF3.0\ntR.',
  'c__builtin__\ncomplex\n(V1+2j\ntR.',
  'c__builtin__\nset\n((l(ltR.',
  'c__builtin__\nset\n(I1\ntR.',
  'c__builtin__\nfrozenset\n((I1\nttR.',
  'c__builtin__\nbytearray\n(Vx\nVlatin-1\nVstrict\nNtR.',
  'c__builtin__\nbytes\n(I3\ntR.',
  'c_codecs\nencode\n(Vx\nVutf-8\ntR.',
  'ccollections\nOrderedDict\n((lp0\n(lp1\nVa\naI1\naatR.',
  'ccollections\nOrderedDict\n((lp0\n(lp1\nVa\naatR.',
  'ccollections\nOrderedDict\n((lp0\n(ltR.',
  'ccollections\nOrderedDict\n(I1\ntR.',
  'ccollections\ndefaultdict\n(c__builtin__\nlist\n(dVa\nI1\nstR.',
  'ccollections\ndefaultdict\n(I1\ntR.',
  'ccollections\nCounter\n((dVa\nI1\ns(dtR.',
  'ccollections\nCounter\n((lVa\natR.',
  'cuuid\nUUID\n(V12345678123456781234567812345678\ntR.',
  'cdatetime\ndate\n(V\x07\x1f\x01\x02\ntR(lVx\naa.',
]

for (const django of inject('djangos')) {
  test.runIf('python' in django)(`constructors take what those of Django ${django.version}'s Python take`, async () => {
    const oracle = startOracle('python' in django ? django.python : '')
    const hex = CALLS.map((call) => Buffer.from(call, 'latin1').toString('hex'))
    const taken = await oracle.ask<boolean[]>({ op: 'pickles_taken', pickles: hex })
    const read = CALLS.map((call) => outcome(() => readPickle(Buffer.from(call, 'latin1'))))
    expect(CALLS.filter((_, index) => taken[index] !== 'value' in (read[index] ?? {}))).toEqual([])
    const written = read.map((result) => ('value' in result ? pickle(result.value).toString('hex') : ''))
    const pairs = hex.flatMap((call, index) => (taken[index] ? [[call, written[index]]] : []))
    expect(await oracle.ask<unknown[]>({ op: 'pickles_equal', pairs })).toEqual(pairs.map(() => true))
    oracle.stop()
  })
}
