/** Sessions of a site whose SESSION_SERIALIZER is PickleSerializer, read, changed and saved. */
import { expect, test } from 'vitest'
import { PickleForbidden } from '../../src/errors.ts'
import { PyDefaultDict, type PyTuple, tuple } from '../../src/python/collections.ts'
import { PyDateTime } from '../../src/python/dates.ts'
import { PySafeString } from '../../src/python/django-text.ts'
import { PyDecimal } from '../../src/python/numbers.ts'
import { readPickle } from '../../src/python/pickle/pickle-reader.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { PyTimeZone } from '../../src/python/time-zones.ts'
import { float, PyFloat } from '../../src/python/values.ts'
import { createPickleSerializer } from '../../src/serializers/pickle-serializer.ts'
import type { Encoded, NewValue } from '../../src/serializers/serializer.ts'
import { TimestampSigner } from '../../src/signing/timestamp-signer.ts'
import { SESSION_SALT } from '../../src/stores/session-data.ts'
import { describeNode } from '../python/pickle/described-node.ts'
import { loginValues, makeSite, SECRET_KEY, type Site } from '../site.ts'

const PICKLES = { SESSION_SERIALIZER: 'shop.serializers.PickleSerializer' }
const KEY = 'k'.repeat(32)
const signer = new TimestampSigner({ key: SECRET_KEY, salt: SESSION_SALT })
const asItIs = { dumps: (bytes: Uint8Array) => bytes, loads: (bytes: Uint8Array) => bytes }

function storePickle(site: Site, pickle: Uint8Array): void {
  const text = signer.signObject(pickle, { serializer: asItIs, compress: true })
  site.client.prepare("INSERT OR REPLACE INTO django_session VALUES (?, ?, '2099-01-01 00:00:00')").run(KEY, text)
}

function storedPickle(site: Site): Uint8Array {
  return signer.unsignObject(site.rows()[0]?.session_data ?? '', { serializer: asItIs })
}

const told = (pickle: Uint8Array): unknown => describeNode(readPickle(pickle))

test('types that only Python has come out, are changed, and go back', async () => {
  const site = await makeSite(PICKLES)
  const since = PyDateTime.from(new Date('2026-01-01T00:00:00Z'), PyTimeZone.utc)
  storePickle(site, formatPickle({ since, price: new PyDecimal('1.50'), point: tuple<unknown>(1, float(2)), n: 1 }))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  expect([...session]).toEqual([
    ['since', since],
    ['price', new PyDecimal('1.50')],
    ['point', tuple(1, 2)],
    ['n', 1],
  ])
  session.set('price', new PyDecimal('2.00'))
  await django.finish(200)
  expect(told(storedPickle(site))).toEqual(
    told(formatPickle({ since, price: new PyDecimal('2.00'), point: tuple<unknown>(1, float(2)), n: 1 })),
  )
  await site.close()
})

test('looking at everything writes nothing', async () => {
  const site = await makeSite(PICKLES)
  storePickle(site, formatPickle({ a: new Map([[1, [new Set([tuple(1)])]]]), b: { c: [1, float(2)] } }))
  const before = site.rows()
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  for (const [, value] of session) void value
  expect(session.modified).toBe(false)
  await django.finish(200)
  expect(site.rows()).toEqual(before)
  await site.close()
})

test('what two values share stays shared beside a change, and in a value that moved', async () => {
  const site = await makeSite(PICKLES)
  const shared = [float(1)]
  storePickle(site, formatPickle({ a: { in: shared, n: 1 }, b: shared, c: shared }))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  ;(session.get('a') as { n: number }).n = 2
  session.set('d', session.get('c'))
  await django.finish(200)
  expect(told(storedPickle(site))).toEqual(
    told(formatPickle({ a: { in: shared, n: 2 }, b: shared, c: shared, d: shared })),
  )
  await site.close()
})

test('what stood in one place is shared once another value of the session has it too', () => {
  const serializer = createPickleSerializer()
  const read = serializer.loads(formatPickle({ a: { in: [float(1)], n: 1 }, b: null }))
  const a = read.get('a')?.decode() as { in: unknown }
  // `a` itself goes back as it came, whoever holds a part of it.
  const written = serializer.dumps(new Map<string, Encoded | NewValue>([...read, ['b', { value: a.in }]]))
  const shared = [float(1)]
  expect(told(written)).toEqual(told(formatPickle({ a: { in: shared, n: 1 }, b: shared })))
})

test('a key that is no text is kept and shows under no name', async () => {
  const site = await makeSite(PICKLES)
  const entries: [unknown, unknown][] = [
    [1, 'one'],
    ['cart', ['pear']],
    [tuple(1, 2), { x: 1 }],
    [null, 3],
  ]
  storePickle(site, formatPickle(new Map(entries)))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  expect([...session.keys()]).toEqual(['cart'])
  expect(session.size).toBe(1)
  expect([...(await session.load()).keys()]).toEqual(['cart'])
  session.transform('cart', (cart) => [...(cart as string[]), 'plum'])
  await django.finish(200)
  entries[1] = ['cart', ['pear', 'plum']]
  expect(told(storedPickle(site))).toEqual(told(formatPickle(new Map(entries))))

  // clear() drops them, as in Django.
  const next = site.open(`sessionid=${KEY}`)
  const cleared = await next.session()
  cleared.clear()
  await next.finish(200)
  expect(told(storedPickle(site))).toEqual(told(formatPickle({})))
  await site.close()
})

test('S25: a session with a class that is not allowed opens as a new one, is not replaced by a write, and the report names the class', async () => {
  const site = await makeSite(PICKLES)
  storePickle(site, Buffer.from('(dVcart\ncos\nsystem\n(Vecho\ntRs.'))
  const before = site.rows()
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  expect(session.isEmpty).toBe(true)
  session.set('cart', [])
  await expect(django.finish(200)).rejects.toThrow(/os\.system.*options\.pickle/)
  expect(site.rows()).toEqual(expect.arrayContaining(before))
  expect(site.reports).toEqual([
    { code: 'session_data_unreadable', cookieName: 'sessionid', error: expect.any(PickleForbidden) },
  ])
  expect(site.reports[0]?.error?.message).toContain('os.system')
  await site.close()
})

test('a class of the site’s own is read and written by its codec', async () => {
  class Colour {
    readonly name: string
    constructor(name: string) {
      this.name = name
    }
  }
  const codec = {
    classes: [{ module: 'shop.models', name: 'Colour' }] as const,
    decode: ({ args: [name] }: { args: readonly unknown[] }) => new Colour(String(name)),
    matches: (value: unknown) => value instanceof Colour,
    encode: ({ name }: Colour) => ({ args: [name] }),
  }
  const site = await makeSite(PICKLES, { options: { pickle: { codecs: [codec] } } })
  storePickle(site, Buffer.from('(dVcolour\ncshop.models\nColour\n(Vred\ntRs.'))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  expect(session.get('colour')).toEqual(new Colour('red'))
  session.set('other', new Colour('blue'))
  await django.finish(200)
  const again = await site.open(`sessionid=${KEY}`).session()
  expect([...again]).toEqual([
    ['colour', new Colour('red')],
    ['other', new Colour('blue')],
  ])
  await site.close()
})

test('an expiry that Django before 4.1 pickled as a datetime counts', async () => {
  const site = await makeSite(PICKLES)
  const moment = PyDateTime.from(new Date('2026-01-15T13:00:00Z'), PyTimeZone.utc)
  storePickle(site, formatPickle({ _session_expiry: moment, a: 1 }))
  const session = await site.open(`sessionid=${KEY}`).session()
  expect(session.getExpiryAge()).toBe(3600)
  expect(session.getExpiryDate()).toEqual(new Date('2026-01-15T13:00:00Z'))
  await site.close()
})

test('a serializer of the site’s own reads and writes whole sessions', async () => {
  const serializer = {
    dumps: (session: Record<string, unknown>) => Buffer.from(JSON.stringify(session)).reverse(),
    loads: (bytes: Uint8Array) => JSON.parse(String(Buffer.from(bytes).reverse())) as Record<string, unknown>,
  }
  const site = await makeSite({ SESSION_SERIALIZER: 'shop.Backwards' }, { options: { serializer } })
  const key = await site.store({ cart: ['pear'], n: 1 })
  const django = site.open(`sessionid=${key}`)
  const session = await django.session()
  ;(session.get('cart') as string[]).push('plum')
  await django.finish(200)
  expect(String(Buffer.from(storedPickle(site)).reverse())).toBe('{"cart":["pear","plum"],"n":1}')

  site.client
    .prepare('UPDATE django_session SET session_data = ?')
    .run(signer.signObject(Buffer.from('x'), { serializer: asItIs }))
  expect((await site.open(`sessionid=${key}`).session()).isEmpty).toBe(true)
  expect(site.reports.map(({ code }) => code)).toEqual(['session_data_unreadable'])
  await site.close()
})

test('Django before 3.1 is written to in its own format, and read in both', async () => {
  const site = await makeSite({ DJANGO_VERSION: '2.2' })
  const key = await site.store({ a: 1 })
  expect(Buffer.from(site.rows()[0]?.session_data ?? '', 'base64').toString()).toMatch(/^[0-9a-f]{40}:\{"a":1\}\s{24}$/)
  const session = await site.open(`sessionid=${key}`).session()
  expect(session.get('a')).toBe(1)
  await site.close()

  const mixed = await makeSite({ DJANGO_VERSION: '3.2', DEFAULT_HASHING_ALGORITHM: 'sha1' })
  await mixed.store({ a: 1 })
  expect(mixed.rows()[0]?.session_data).not.toContain(':')
  await mixed.close()
})

test('a value that a transform made is saved when it is changed in place afterwards', async () => {
  const site = await makeSite(PICKLES)
  const made = (): Record<string, unknown> => ({
    map: new PyDefaultDict('list', [['a', [1]]]),
    set: new Set([1]),
    bytes: Uint8Array.of(1),
    tuple: tuple([1]),
  })
  storePickle(site, formatPickle({ value: null }))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  session.transform('value', made)
  await session.save()
  expect(session.modified).toBe(false)
  const value = session.get('value') as Record<string, unknown>
  const changes: (() => unknown)[] = [
    () => (value.map as Map<string, number[]>).get('a')?.push(2),
    () => (value.set as Set<number>).add(2),
    () => (value.bytes as Uint8Array).fill(2),
    () => (value.tuple as PyTuple<number[]>).items[0]?.push(2),
  ]
  for (const change of changes) {
    change()
    expect(session.modified).toBe(true)
    await session.save()
    expect(session.modified).toBe(false)
  }
  session.transform('value', (old) => old)
  expect((session.get('value') as Record<string, unknown>).map).toEqual(new PyDefaultDict('list', [['a', [1, 2]]]))
  ;((session.get('value') as Record<string, unknown>).map as Map<string, number[]>).get('a')?.push(3)
  ;((session.get('value') as Record<string, unknown>).tuple as PyTuple<number[]>).items[0]?.push(3)
  await django.finish(200)
  expect(told(storedPickle(site))).toEqual(
    told(
      formatPickle({
        value: {
          map: new PyDefaultDict('list', [['a', [1, 2, 3]]]),
          set: new Set([1, 2]),
          bytes: Uint8Array.of(2),
          tuple: tuple([1, 2, 3]),
        },
      }),
    ),
  )
  await site.close()
})

test('S28: the backend and the hash of a login are texts, the id is what int() takes; with other types nobody is logged in', async () => {
  const site = await makeSite(PICKLES)
  const userOf = async (values: Record<string, unknown>) => {
    storePickle(site, formatPickle(values))
    return site.open(`sessionid=${KEY}`).user()
  }
  const login = loginValues()
  const INTS: unknown[] = [7, 7n, PyFloat, Buffer, PySafeString]
  expect(await userOf(login)).toMatchObject({ pk: '7' })
  for (const name of Object.keys(login)) {
    const text = String(login[name])
    for (const value of [7, 7n, float(7), true, null, [text], tuple(text), Buffer.from(text), new PySafeString(text)]) {
      const isInt = name === '_auth_user_id' && INTS.some((int) => Object.is(int, value) || int === value?.constructor)
      const user = await userOf({ ...login, [name]: value })
      if (isInt) expect(user).toMatchObject({ pk: '7' })
      else expect(user).toBeNull()
    }
  }
  await site.close()
})

test('S27: names of a session that mean something to JavaScript are names like any other', async () => {
  const site = await makeSite(PICKLES)
  storePickle(site, Buffer.from('(dV__proto__\n}Vadmin\n\x88ssVconstructor\nK\x01sVtoString\nK\x02s.', 'latin1'))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  expect([...session.keys()]).toEqual(['__proto__', 'constructor', 'toString'])
  expect(session.get('admin')).toBeUndefined()
  expect(({} as Record<string, unknown>).admin).toBeUndefined()
  session.set('hasOwnProperty', 3)
  await django.finish(200)
  expect([...(await site.open(`sessionid=${KEY}`).session()).entries()]).toEqual([
    ['__proto__', { admin: true }],
    ['constructor', 1],
    ['toString', 2],
    ['hasOwnProperty', 3],
  ])
  await site.close()
})
