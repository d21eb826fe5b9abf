/** Whether `django.user()` and the session's values are what the site's own views see, visitor by visitor. */
import { isDeepStrictEqual } from 'node:util'
import { judge } from './judge.ts'
import { openAs, type Seen, type Trial, type Visitor } from './visitors.ts'

const LEAST_REQUESTS = 50
const LEAST_LOGINS = 20

export async function compareUsers(trial: Trial): Promise<void> {
  const { site, visitors, askDjango } = trial
  // Node is asked first: what Django refuses it may flush.
  const ours = await Promise.all(visitors.map((visitor) => seenByNode(trial, visitor)))
  const theirs = await askDjango(visitors)
  const compared = visitors.map(({ kind }, place) => ({ kind, difference: difference(ours[place], theirs[place]) }))
  const { unlike = {} } = site
  const alike = compared.filter(({ kind }) => !(kind in unlike))
  const differences = alike.filter((one) => one.difference !== '').map((one) => `${one.kind}: ${one.difference}`)
  const logins = theirs.filter(({ user }) => user !== null).length
  judge(
    `user() is request.user on ${alike.length - differences.length} of ${alike.length} requests, ${logins} of them logged in`,
    differences.length === 0 && alike.length >= LEAST_REQUESTS && logins >= LEAST_LOGINS,
    differences.slice(0, 12).join('\n      '),
  )
  for (const [kind, code] of Object.entries(unlike)) {
    const own = compared.filter((one) => one.kind === kind)
    const count = own.filter((one) => one.difference !== '').length
    judge(
      `${code} is true: the site's Python judges otherwise on ${count} of ${own.length} requests, ${kind}`,
      count > 0,
    )
  }
}

async function seenByNode(trial: Trial, visitor: Visitor): Promise<Seen> {
  const django = openAs(trial, visitor)
  const user = await django.user()
  const session = await django.session()
  const values = ['cart', 'from_node'].flatMap((name) => (session.has(name) ? [[name, session.get(name)]] : []))
  await django.finish(200)
  if (user === null) return { user, values: Object.fromEntries(values) }
  const { pk, ...fields } = user
  const plainFields = Object.entries(fields).map(([name, value]) => [name, plain(value)])
  return { user: { pk, fields: Object.fromEntries(plainFields) }, values: Object.fromEntries(values) }
}

/** As real_sites.py writes the same values. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return { moment: value.getTime() }
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (typeof value === 'bigint') return Number(value)
  return value
}

/** What of two answers is not the same; empty where all is. */
function difference(ours: unknown, theirs: unknown, path = ''): string {
  if (isDeepStrictEqual(ours, theirs)) return ''
  const isDictionary = (value: unknown): value is object => typeof value === 'object' && value !== null
  if (!isDictionary(ours) || !isDictionary(theirs)) {
    return `${path} is ${JSON.stringify(ours)} in Node and ${JSON.stringify(theirs)} in Django`
  }
  const [left, right] = [new Map(Object.entries(ours)), new Map(Object.entries(theirs))]
  return Array.from(new Set([...left.keys(), ...right.keys()]))
    .map((name) => difference(left.get(name), right.get(name), `${path}.${name}`))
    .filter((told) => told !== '')
    .join(', ')
}
