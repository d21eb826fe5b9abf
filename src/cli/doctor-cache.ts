/** The cache beside the settings: under which keys its sessions are, and whether their values can be read. */
import { cachePlace } from '../connect/places.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Encoded } from '../serializers/serializer.ts'
import { explainItem } from './cached-bytes.ts'
import { type CachedSession, hasCache, itemsElsewhere, itemsUnderOwnKeys, ownPlace } from './cached-sessions.ts'
import type { Explanation } from './explanation.ts'
import { judgeLogin, type LoginVerdict } from './logins.ts'
import { withOtherRedisDatabase } from './redis-databases.ts'
import type { Site } from './site.ts'
import { hasRows, rowOf } from './stored-rows.ts'
import { CACHED_UNDER } from './stored-session.ts'

export async function checkCache(
  site: Site,
  explanation: Explanation,
  given: readonly ReadonlyMap<string, Encoded>[] = [],
): Promise<void> {
  if (!hasCache(site)) return
  const { cache } = await site.cache()
  const where = cachePlace(site.settings)
  await cache.check(site.deadline())
  const items = await itemsUnderOwnKeys(site)
  if (items === null) {
    const silent = `${where} cannot list its keys`
    if (given.length > 0) explanation.seen('cache', silent)
    else explanation.nothing('cache', `${silent}: give --session with a key that Django has just written`)
    return
  }
  if (items.length > 0) {
    explanation.seen('cache', `${where}: ${sessions(items.length)} under ${await ownPlace(site)}`)
    await checkValues(items, site, explanation)
    await noteOthers(site, explanation)
    return
  }
  if (cache.find !== undefined && (await findElsewhere(site, explanation))) return
  explanation.nothing('cache', `no session is stored under ${await ownPlace(site)} in ${where}`)
}

async function checkValues(items: readonly CachedSession[], site: Site, explanation: Explanation): Promise<void> {
  const { codec } = await site.cache()
  const refused = items.flatMap(({ item }) => {
    const { refusal } = explainItem(item, codec)
    return refusal === null ? [] : [refusal]
  })
  const [first] = refused
  if (first === undefined) {
    const readable = `${items.length} of ${items.length} can be read`
    // Beside rows they fit what was judged; alone they have no signature, and any SECRET_KEY reads them.
    if (hasRows(site)) explanation.judged('cached values', readable)
    else explanation.seen('cached values', readable)
  } else {
    const message = `${refused.length} of ${items.length} cached sessions cannot be read: ${first.message}`
    explanation.refuse(first.cause, message, 'cached values')
  }
}

/** Whose the sessions of one place are, as far as a login or a row tells. */
type Owner = 'this site' | 'another project' | 'unknown'

/** Looks under other keys, then in other numbered databases of Redis. True where something was said of it. */
async function findElsewhere(site: Site, explanation: Explanation): Promise<boolean> {
  const place = await ownPlace(site)
  const where = cachePlace(site.settings)
  const others = await ownersOf(site)
  const found = others.find(({ owner }) => owner === 'this site') ?? others.find(({ owner }) => owner === 'unknown')
  const other = await withOtherRedisDatabase(site, async (elsewhere, number) => {
    const items = (await itemsUnderOwnKeys(elsewhere)) ?? []
    return items.length > 0 ? { number, count: items.length, owner: await ownerOf(items, place, elsewhere) } : null
  })
  if (other !== null && other.owner !== 'another project' && found?.owner !== 'this site') {
    const message = `${where} has no session under ${place}, and database ${other.number} of the same Redis has ${sessions(other.count)} there: see LOCATION, and db in OPTIONS`
    explanation.refuse('wrong_database', message, 'cache')
    return true
  }
  if (found !== undefined) {
    const doubt =
      found.owner === 'unknown' ? '. No login in them tells whether they are of this site or of another project' : ''
    explanation.refuse(
      'wrong_prefix',
      `${sessions(found.count)} in ${where} are under ${found.place}, and these settings look under ${place}: see ` +
        `${differingPart(found.place, place)}${doubt}`,
      'cache',
    )
    return true
  }
  if (others.length === 0) return false
  explanation.nothing(
    'cache',
    `no session is stored under ${place} in ${where}; those under ${others.map((each) => each.place).join(', ')} are ` +
      'of another project: their logins are not of users here',
  )
  return true
}

async function noteOthers(site: Site, explanation: Explanation): Promise<void> {
  for (const { place, owner, count } of await ownersOf(site)) {
    explanation.seen(
      'other keys',
      `${sessions(count)} under ${place}, of ${owner === 'unknown' ? 'an unknown project' : owner}`,
    )
  }
}

interface OtherPlace {
  readonly place: string
  readonly count: number
  readonly owner: Owner
}

async function ownersOf(site: Site): Promise<OtherPlace[]> {
  const found: OtherPlace[] = []
  for (const [place, items] of await itemsElsewhere(site)) {
    found.push({ place, count: items.length, owner: await ownerOf(items, place, site) })
  }
  return found
}

async function ownerOf(items: readonly CachedSession[], place: string, site: Site): Promise<Owner> {
  const { codec } = await site.cache()
  const verdicts: LoginVerdict[] = []
  for (const { key, item } of items) {
    if (key !== null && hasRows(site) && (await rowOf(key.slice(place.length), site)) !== null) return 'this site'
    const decoded = codec.decode(item)
    const verdict = 'data' in decoded ? await judgeLogin(decoded.data, site).catch(nullIfUnavailable) : null
    if (verdict === 'verified' || verdict === 'verified by a fallback key') return 'this site'
    if (verdict !== null) verdicts.push(verdict)
  }
  return verdicts.length > 0 ? 'another project' : 'unknown'
}

function nullIfUnavailable(error: unknown): null {
  if (error instanceof StoreUnavailable) return null
  throw error
}

/** Which part of `prefix:version:kind` is another one. */
function differingPart(found: string, expected: string): string {
  const parts = (place: string): readonly [string, string, string] => {
    const kind = CACHED_UNDER.map((each) => place.indexOf(each)).find((at) => at >= 0) ?? place.length
    const [, prefix = '', version = ''] = /^(.*):(-?\d+):$/s.exec(place.slice(0, kind)) ?? []
    return [prefix, version, place.slice(kind)]
  }
  const [[prefix, version], [ownPrefix, ownVersion]] = [parts(found), parts(expected)]
  const names = [prefix !== ownPrefix ? 'KEY_PREFIX' : '', version !== ownVersion ? 'VERSION' : ''].filter(
    (name) => name,
  )
  return names.length > 0 ? names.join(' and ') : 'SESSION_ENGINE, options.sessionCacheKeyPrefix or KEY_FUNCTION'
}

function sessions(count: number): string {
  return `${count} session${count === 1 ? '' : 's'}`
}
