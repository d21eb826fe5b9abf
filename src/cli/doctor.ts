/** `doctor`: compares settings with a live store, and names the first difference. */
import { createBridge } from '../bridge.ts'
import { cachePlace, databasePlace } from '../connect/places.ts'
import { DjangoBridgeError, StoreUnavailable } from '../errors.ts'
import type { Encoded } from '../serializers/serializer.ts'
import type { DjangoSettings } from '../settings/settings.ts'
import { hasCache } from './cached-sessions.ts'
import { decode } from './decode.ts'
import { checkCache } from './doctor-cache.ts'
import { checkFiles, checkRowTimes, checkTable, checkTexts } from './doctor-rows.ts'
import { checkUsers } from './doctor-users.ts'
import { type Cause, Explanation } from './explanation.ts'
import { judgeLogin } from './logins.ts'
import { differenceOf } from './settings-difference.ts'
import { openSite, type Site, type SiteInput } from './site.ts'
import { explainKey } from './stored-session.ts'

export interface DoctorOptions {
  /** What the project itself says, to compare with. */
  readonly django?: DjangoSettings
  /** The session key of a session that Django has just written. */
  readonly session?: string
  /** A session cookie that Django has just set: its value, `name=value`, or a whole header. */
  readonly cookie?: string
  readonly now?: () => Date
}

/** One thing that is looked at. It refuses the explanation where something differs, else says what it saw. */
type Check = (
  site: Site,
  explanation: Explanation,
  given: readonly ReadonlyMap<string, Encoded>[],
) => void | Promise<void>

const CHECKS: readonly { readonly title: string; readonly check: Check }[] = [
  { title: 'session table', check: checkTable },
  { title: 'session files', check: checkFiles },
  { title: 'signatures', check: checkTexts },
  { title: 'moments', check: checkRowTimes },
  { title: 'cache', check: checkCache },
  { title: 'cookies', check: checkCookies },
  { title: 'users', check: checkUsers },
]

/** Never throws for what it finds: a server that does not answer is found, too. */
export async function doctor(input: SiteInput, options: DoctorOptions = {}): Promise<Explanation> {
  const explanation = new Explanation(`settings from ${input.source}, compared with what is stored`)
  let site: Site | undefined
  try {
    if (options.django !== undefined) compareWithDjango(explanation, input.settings, options.django)
    if (explanation.refusal !== null) return explanation
    // Keys, drivers, and what else needs no server.
    const { unclear = [] } = input.options
    const acknowledge = unclear.map(({ code }) => code)
    const bridgeOptions = { ...input.options, acknowledge }
    await createBridge(input.settings, { options: bridgeOptions, hooks: { onWarning: () => undefined } }).close()
    // They may be answered where the bridge is made, which cannot be seen here.
    for (const { code, what, answer } of unclear) explanation.seen('not followed', `${code} (${what}): give ${answer}`)
    site = await openSite(input, options.now)
    explanation.seen('engine', site.settings.SESSION_ENGINE)
    await runChecks(site, explanation, options)
  } catch (error) {
    if (!(error instanceof DjangoBridgeError)) throw error
    explanation.refuse(...causeOf(error, site))
  } finally {
    await site?.close()
  }
  return explanation
}

/** A server that cannot be used is named, with its setting. */
function causeOf(error: DjangoBridgeError, site: Site | undefined): [Cause, string] {
  if (!(error instanceof StoreUnavailable)) return ['other_setting', error.message]
  if (site === undefined) return ['unavailable', error.message]
  const { settings } = site
  const places = [
    ...(settings.DATABASES.default === undefined ? [] : [databasePlace(settings)]),
    ...(hasCache(site) ? [cachePlace(settings)] : []),
  ]
  const named = places.filter((place) => !error.message.includes(place.split(' ')[0] ?? place))
  return ['unavailable', named.length === 0 ? error.message : `${error.message} Looked at: ${named.join('; ')}.`]
}

function compareWithDjango(explanation: Explanation, settings: DjangoSettings, django: DjangoSettings): void {
  const difference = differenceOf(settings, django)
  if (difference === null) explanation.judged('settings', 'as the Django project has them')
  else explanation.refuse('other_setting', difference, 'settings')
}

async function runChecks(site: Site, explanation: Explanation, { session, cookie }: DoctorOptions): Promise<void> {
  const given = [
    ...(session === undefined ? [] : await judgeGiven('session', await explainKey(session, site), site, explanation)),
    ...(cookie === undefined ? [] : await judgeGiven('cookie', await decode(cookie, site), site, explanation)),
  ]
  for (const { title, check } of CHECKS) {
    if (explanation.refusal !== null) {
      explanation.seen(title, 'not looked at: see the verdict')
      continue
    }
    await check(site, explanation, given)
  }
}

/** Returns the session that was found. */
async function judgeGiven(
  label: 'session' | 'cookie',
  told: readonly Explanation[],
  site: Site,
  explanation: Explanation,
): Promise<ReadonlyMap<string, Encoded>[]> {
  const refused = told.find(({ refusal }) => refusal !== null)?.refusal
  if (refused) explanation.refuse(refused.cause, refused.message, label)
  const found = told.flatMap(({ data }) => (data === null ? [] : [data]))
  if (refused) return found
  const logins = await Promise.all(found.map((data) => judgeLogin(data, site)))
  const login = logins.find((verdict) => verdict !== null) ?? 'nobody is logged in'
  const text = `the one that was given can be read; login: ${login}`
  // Alone in a cache it has no signature: only its login shows whether SECRET_KEY is Django's.
  const isJudged = login.startsWith('verified') || !site.settings.SESSION_ENGINE.endsWith('.cache')
  if (isJudged) explanation.judged(label, text)
  else explanation.seen(label, text)
  return found
}

/** What no store has: the cookies of visitors. */
function checkCookies(
  { settings }: Site,
  explanation: Explanation,
  given: readonly ReadonlyMap<string, Encoded>[],
): void {
  const name = settings.SESSION_COOKIE_NAME
  if (settings.SESSION_ENGINE.endsWith('.signed_cookies')) {
    if (given.length > 0) return
    const why = `no session is stored: signed_cookies keeps each in its cookie. Give --cookie with the value of ${name}`
    explanation.nothing('cookies', why)
  } else if (settings.DJANGO_SESSION_JWT !== null && given.length === 0) {
    explanation.nothing('cookies', `no token is stored. Give --cookie with the value of ${name} to have it judged`)
  }
}
