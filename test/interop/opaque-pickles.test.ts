/** Sessions with values of classes that only Python has: they open, and the values go back as the objects that they are. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { PickleForbidden } from '../../src/errors.ts'
import { PyCounter } from '../../src/python/collections.ts'
import { PyLazyText } from '../../src/python/django-text.ts'
import type { PickleProtocol } from '../../src/python/pickle/pickler.ts'
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
