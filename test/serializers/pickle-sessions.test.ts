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

/** `{"cart": os.system("echo"), "n": 1, …}` */
const withCall = (more = ''): Buffer => Buffer.from(`(dVcart\ncos\nsystem\n(Vecho\ntRsVn\nI1\ns${more}.`)

test('S25: a value of a class that is not allowed stays as it is, and only reading it is an error that names the class', async () => {
  const site = await makeSite(PICKLES)
  storePickle(site, withCall('Vlist\n(lp0\nsVsame\ng0\ns'))
  const django = site.open(`sessionid=${KEY}`)
  const session = await django.session()
  expect([...session.keys()]).toEqual(['cart', 'n', 'list', 'same'])
  expect(session.has('cart')).toBe(true)
  expect(session.get('n')).toBe(1)
  const uses = [
    () => session.get('cart'),
    () => session.pop('cart'),
    () => [...session.entries()],
    () => [...session.values()],
  ]
  for (const use of uses) {
    expect(use).toThrow(PickleForbidden)
    expect(use).toThrow('os.system')
  }
  expect(session.modified).toBe(false)
  session.set('n', 2)
  ;(session.get('list') as string[]).push('pear')
  const { cookies } = await django.finish(200)
  expect(cookies.map(({ value }) => value)).toEqual([KEY])
  expect(site.reports).toEqual([])
  expect(Buffer.from(storedPickle(site)).toString('latin1')).toContain('system')

  const next = site.open(`sessionid=${KEY}`)
  const again = await next.session()
  expect(() => again.get('cart')).toThrow('os.system')
  expect(again.get('n')).toBe(2)
  expect(again.get('list')).toEqual(['pear'])
  expect(again.delete('cart')).toBe(true)
  await next.finish(200)
  expect([...(await site.open(`sessionid=${KEY}`).session()).keys()]).toEqual(['n', 'list', 'same'])
  expect(Buffer.from(storedPickle(site)).toString('latin1')).not.toContain('system')
  await site.close()
})

test('a value of a class that is not known may be replaced', async () => {
  const site = await makeSite(PICKLES)
  storePickle(site, withCall())
  const django = site.open(`sessionid=${KEY}`)
  ;(await django.session()).set('cart', ['pear'])
  await django.finish(200)
  expect((await site.open(`sessionid=${KEY}`).session()).get('cart')).toEqual(['pear'])
  await site.close()
})

test('a login beside such a value counts', async () => {
  const site = await makeSite(PICKLES)
  const login = Object.entries(loginValues()).map(([name, value]) => `V${name}\nV${String(value)}\ns`)
  storePickle(site, withCall(login.join('')))
  expect(await site.open(`sessionid=${KEY}`).user()).toMatchObject({ pk: '7' })
  await site.close()
})

test.each(['_auth_user_id', '_auth_user_backend', '_auth_user_hash', '_session_expiry'])(
  'S25: a session whose %s is of such a class is not opened',
  async (name) => {
    const site = await makeSite(PICKLES)
    storePickle(site, withCall(`V${name}\n](cshop.models\nKey\n)Res`))
    expect((await site.open(`sessionid=${KEY}`).session()).isEmpty).toBe(true)
    expect(site.reports).toMatchObject([{ code: 'session_data_unreadable', error: { forbidden: 'shop.models.Key' } }])
    await site.close()
  },
)

test.each([
  ['an object', 'cshop.models\nSession\n)R.'],
  ['a class', 'cshop.models\nSession\n.'],
])(
  'S25: %s of such a class in the place of the whole session is not opened, and not replaced by a write',
  async (_name, pickle) => {
    const site = await makeSite(PICKLES)
    storePickle(site, Buffer.from(pickle))
    const before = site.rows()
    const django = site.open(`sessionid=${KEY}`)
    const session = await django.session()
    expect(session.isEmpty).toBe(true)
    session.set('cart', [])
    await expect(django.finish(200)).rejects.toThrow(/shop\.models\.Session.*options\.pickle/)
    expect(site.rows()).toEqual(before)
    expect(site.reports).toMatchObject([
      { code: 'session_data_unreadable', error: { forbidden: 'shop.models.Session' } },
    ])
    await site.close()
  },
)

test.each([2, 3, 4, 5] as const)('S25: a name that ends early in protocol %i is never written', (protocol) => {
  const name = 'os\nsystem\n(Vecho\ntR.'
  const pickle = Buffer.concat([
    Buffer.from([0x80, 4, 0x7d, 0x8c, 1, 0x61, 0x8c, name.length]),
    Buffer.from(name),
    Buffer.from([0x8c, 1, 0x78, 0x93, 0x73, 0x2e]),
  ])
  const { loads } = createPickleSerializer({ protocol })
  expect(() => loads(pickle)).toThrow(PickleForbidden)
})

test('S25: a protocol in which Python would take a name for another refuses it', () => {
  const { loads, dumps } = createPickleSerializer({ protocol: 2 })
  const modern = Buffer.from('\x80\x04}(\x8c\x01a\x8c\x08commands\x8c\x03Run\x93)RK\x01K\x02u.', 'latin1')
  expect(() => dumps(loads(modern))).toThrow('commands.Run')
  const old = Buffer.from('(dVa\nccommands\nRun\n)Rs.')
  expect(Buffer.from(dumps(loads(old))).toString('latin1')).toContain('csubprocess\nRun\n')
})

test('S25: what a value needs stays with that value: no program can write it elsewhere', () => {
  const { loads, dumps } = createPickleSerializer()
  const data = loads(withCall())
  expect(() => dumps(new Map([['other', { value: data.get('cart')?.decode() }]]))).toThrow(PickleForbidden)
  expect(() => dumps(new Map([['other', { value: data.get('cart') }]]))).toThrow('cannot hold')
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
