/**
 * Random edits inside random sessions, made in Node and in Python alike: the sessions are equal afterwards, and every
 * value that no edit touched is spelled as before.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import { parsePythonJson } from '../../src/python/json-reader.ts'
import { type JsonNode, parseJsonTree, setOwn } from '../../src/python/json-tree.ts'
import { TimestampSigner } from '../../src/signing/timestamp-signer.ts'
import { SESSION_SALT } from '../../src/stores/session-data.ts'
import { jsonObject, jsonValue } from './random-json.ts'
import { randomTrials, SECRET_KEY } from './random-trials.ts'

type Key = string | number

interface Edit {
  readonly do: 'set' | 'delete' | 'insert' | 'reverse' | 'move'
  readonly path: readonly Key[]
  readonly value?: string
  readonly to?: string
}

/** What a value should look like after the edits: letter by letter where nobody touched it. */
type Expected =
  | { readonly kind: 'leaf'; readonly text: string }
  | { readonly kind: 'edited' }
  | { readonly kind: 'array'; readonly items: Expected[] }
  | { readonly kind: 'object'; readonly members: Map<string, Expected> }

const wish = fc.record({
  do: fc.constantFrom<Edit['do']>('set', 'delete', 'insert', 'reverse', 'move'),
  place: fc.nat(),
  at: fc.nat(),
  value: fc.constantFrom('null', 'true', '"new"', '987654321', '0.987654321', '[1, "x"]', '{"n": {"m": [7]}}'),
})
type Wish = typeof wish extends fc.Arbitrary<infer Of> ? Of : never

function expectedOf(text: string, node: JsonNode): Expected {
  if (node.kind === 'array') return { kind: 'array', items: node.items.map((item) => expectedOf(text, item)) }
  if (node.kind !== 'object') return { kind: 'leaf', text: text.slice(node.start, node.end) }
  const members = Array.from(node.members, ([key, member]) => [key, expectedOf(text, member.node)] as const)
  return { kind: 'object', members: new Map(members) }
}

/** Every container below the session itself, with the path to it. */
function containers(of: Expected, path: readonly Key[] = []): { path: readonly Key[]; value: Expected }[] {
  const children: [Key, Expected][] =
    of.kind === 'array' ? [...of.items.entries()] : of.kind === 'object' ? [...of.members] : []
  const below = children.flatMap(([key, child]) => containers(child, [...path, key]))
  return (of.kind === 'array' || of.kind === 'object') && path.length > 0 ? [{ path, value: of }, ...below] : below
}

/** The edit that a wish comes to here, applied to what is expected; null where there is nothing to do it to. */
function choose(expected: Expected, { do: action, place, at, value }: Wish): Edit | null {
  const all = containers(expected)
  const chosen = all[place % Math.max(1, all.length)]
  if (chosen === undefined) return null
  const { path, value: inside } = chosen
  if (inside.kind === 'array') return editArray(expected, path, inside.items, action, at, value)
  if (inside.kind !== 'object' || inside.members.size === 0) return null
  const key = [...inside.members.keys()][at % inside.members.size] ?? ''
  if (action === 'delete') {
    inside.members.delete(key)
    return { do: 'delete', path: [...path, key] }
  }
  const name = action === 'insert' ? `new ${at}` : key
  inside.members.set(name, { kind: 'edited' })
  return { do: 'set', path: [...path, name], value }
}

function editArray(
  expected: Expected,
  path: readonly Key[],
  items: Expected[],
  action: Edit['do'],
  at: number,
  value: string,
): Edit | null {
  if (action === 'reverse') {
    items.reverse()
    return { do: 'reverse', path }
  }
  const index = at % (items.length + (action === 'insert' ? 1 : 0) || 1)
  if (action === 'insert') {
    items.splice(index, 0, { kind: 'edited' })
    return { do: 'insert', path: [...path, index], value }
  }
  if (items.length === 0) return null
  if (action === 'set') {
    items[index] = { kind: 'edited' }
    return { do: 'set', path: [...path, index], value }
  }
  const [taken] = items.splice(index, 1)
  if (action === 'delete') return { do: 'delete', path: [...path, index] }
  // An object goes to a list of another value; a bare number has nothing to be known by there.
  const shelf = expected.kind === 'object' ? expected.members.get('shelf') : undefined
  if (shelf?.kind !== 'array' || taken === undefined) throw new Error('there is a shelf in every session')
  shelf.items.push(taken.kind === 'leaf' ? { kind: 'edited' } : taken)
  return { do: 'move', path: [...path, index], to: 'shelf' }
}

/** The same edit on the values that a handler was given. */
function edit(get: (key: string) => unknown, { do: action, path, value = 'null', to = '' }: Edit): void {
  const [first = '', ...way] = path
  const last = way.pop()
  const root = get(String(first))
  const place = way.reduce<unknown>((inside, step) => (inside as Record<Key, unknown>)[step], root)
  if (action === 'reverse') {
    const list = last === undefined ? root : (place as Record<Key, unknown>)[last]
    ;(list as unknown[]).reverse()
    return
  }
  if (last === undefined) throw new Error('an edit is inside a value')
  const list = place as unknown[]
  if (action === 'set') setOwn(place as object, String(last), parsePythonJson(value))
  else if (action === 'insert') list.splice(Number(last), 0, parsePythonJson(value))
  else if (action === 'move') (get(to) as unknown[]).push(...list.splice(Number(last), 1))
  else if (Array.isArray(place)) place.splice(Number(last), 1)
  else Reflect.deleteProperty(place as object, last)
}

/** Walks all three at once: letter by letter where nobody edited, by type and value everywhere against Python. */
function compare(expected: Expected, text: string, node: JsonNode, python: JsonNode, path: string): void {
  if (expected.kind === 'edited') {
    expect(plain(node), path).toEqual(plain(python))
    return
  }
  expect([path, node.kind]).toEqual([path, python.kind])
  if (expected.kind === 'leaf') {
    expect([path, text.slice(node.start, node.end)]).toEqual([path, expected.text])
    expect([path, 'value' in node && node.value]).toEqual([path, 'value' in python && python.value])
  } else if (expected.kind === 'array' && node.kind === 'array' && python.kind === 'array') {
    expect([path, node.items.length, python.items.length]).toEqual([path, expected.items.length, expected.items.length])
    for (const [index, item] of expected.items.entries()) {
      compare(item, text, at(node.items, index), at(python.items, index), `${path}.${index}`)
    }
  } else if (expected.kind === 'object' && node.kind === 'object' && python.kind === 'object') {
    const names = (keys: Iterable<string>): string[] => [...keys].sort()
    expect([path, names(node.members.keys())]).toEqual([path, names(expected.members.keys())])
    expect([path, names(python.members.keys())]).toEqual([path, names(expected.members.keys())])
    for (const [key, member] of expected.members) {
      compare(member, text, at(node.members, key), at(python.members, key), `${path}.${key}`)
    }
  } else {
    throw new Error(`${path}: expected ${expected.kind}, found ${node.kind}`)
  }
}

function at(children: readonly JsonNode[] | ReadonlyMap<string, { node: JsonNode }>, key: Key): JsonNode {
  const child = Array.isArray(children)
    ? children[Number(key)]
    : (children as ReadonlyMap<string, { node: JsonNode }>).get(String(key))?.node
  if (child === undefined) throw new Error(`nothing at ${key}`)
  return child
}

function plain(node: JsonNode): unknown {
  if (node.kind === 'array') return node.items.map(plain)
  return node.kind === 'object'
    ? new Map(Array.from(node.members, ([key, member]) => [key, plain(member.node)]))
    : node.value
}

const signer = new TimestampSigner({ key: SECRET_KEY, salt: SESSION_SALT })
const asItIs = { dumps: (text: string) => Buffer.from(text, 'latin1'), loads: (bytes: Uint8Array) => String(bytes) }
const ascii = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

randomTrials('random edits', 2_000, async ({ oracle, site, runs, seed }) => {
  const insert = site.client.prepare("INSERT OR REPLACE INTO django_session VALUES (?, ?, '2099-01-01 00:00:00')")
  const key = 'e'.repeat(32)
  let made = 0
  const roundTrip = fc.asyncProperty(
    jsonObject(jsonValue, 6),
    fc.array(wish, { minLength: 1, maxLength: 6 }),
    async (generated, wishes) => {
      const json = ascii(generated).replace(/^\{/, '{"shelf": [], ').replace(', }', '}')
      const session_data = signer.signObject(json, { serializer: asItIs, compress: true })
      const expected = expectedOf(json, parseJsonTree(json))
      // The name may come again further on, and then counts instead.
      const shelf = expected.kind === 'object' ? expected.members.get('shelf') : undefined
      fc.pre(shelf?.kind === 'array')
      const edits = wishes.flatMap((wished) => choose(expected, wished) ?? [])
      made += edits.length

      insert.run(key, session_data)
      const django = site.open(`sessionid=${key}`)
      const session = await django.session()
      for (const change of edits) edit((name) => session.get(name), change)
      await django.finish(200)

      const written = site.rows()[0]?.session_data ?? ''
      const text = signer.unsignObject(written, {
        serializer: { ...asItIs, loads: (bytes) => Buffer.from(bytes).toString('latin1') },
      })
      const inPython = await oracle.ask<{ json: string }>({ op: 'session_decode', session_data: written })
      const there = await oracle.ask<{ json: string }>({ op: 'edit_inside', session_data, edits })
      compare(expected, text, parseJsonTree(text), parseJsonTree(there.json), 'session')
      expect(plain(parseJsonTree(inPython.json))).toEqual(plain(parseJsonTree(there.json)))
    },
  )
  await fc.assert(roundTrip, { numRuns: runs, seed })
  expect(made).toBeGreaterThan(runs)
})
