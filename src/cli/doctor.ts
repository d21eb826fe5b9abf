/** `doctor`: compares settings with a live store, and names the first difference. */
import { createBridge } from '../bridge.ts'
import { DjangoBridgeError } from '../errors.ts'
import type { DjangoSettings } from '../settings/settings.ts'
import { checkCacheKeys, checkCacheValues } from './doctor-cache.ts'
import { checkRows, checkRowTimes, checkTable } from './doctor-rows.ts'
import { checkUsers } from './doctor-users.ts'
import { Explanation } from './explanation.ts'
import { differenceOf } from './settings-difference.ts'
import { openSite, type Site, type SiteInput } from './site.ts'
import { explainKey } from './stored-session.ts'

export interface DoctorOptions {
  /** What the project itself says, to compare with. */
  readonly django?: DjangoSettings
  /** The session key of a session that Django has just written. */
  readonly session?: string
  readonly now?: () => Date
}

/** One thing that is looked at. It refuses the explanation where something differs, else notes what it saw. */
type Check = (site: Site, explanation: Explanation) => void | Promise<void>

const CHECKS: readonly { readonly title: string; readonly check: Check }[] = [
  { title: 'session table', check: checkTable },
  { title: 'stored sessions', check: checkRows },
  { title: 'moments', check: checkRowTimes },
  { title: 'cache keys', check: checkCacheKeys },
  { title: 'cached values', check: checkCacheValues },
  { title: 'users', check: checkUsers },
]

/** Never throws for what it finds: a server that does not answer is found, too. */
export async function doctor(input: SiteInput, options: DoctorOptions = {}): Promise<Explanation> {
  const explanation = new Explanation(`settings from ${input.source}, beside what is stored`)
  let site: Site | undefined
  try {
    if (options.django !== undefined) compareWithDjango(explanation, input.settings, options.django)
    if (explanation.refusal !== null) return explanation
    // Keys, drivers, and what else needs no server.
    await createBridge(input.settings, { options: input.options, hooks: { onWarning: () => undefined } }).close()
    site = await openSite(input, options.now)
    explanation.note('engine', site.settings.SESSION_ENGINE)
    await runChecks(site, explanation, options.session)
  } catch (error) {
    if (!(error instanceof DjangoBridgeError)) throw error
    explanation.refuse(error.code === 'store_unavailable' ? 'unavailable' : 'other_setting', error.message)
  } finally {
    await site?.close()
  }
  return explanation
}

function compareWithDjango(explanation: Explanation, settings: DjangoSettings, django: DjangoSettings): void {
  const difference = differenceOf(settings, django)
  if (difference === null) explanation.note('settings', 'as the Django project has them')
  else explanation.refuse('other_setting', difference)
}

async function runChecks(site: Site, explanation: Explanation, session: string | undefined): Promise<void> {
  if (session !== undefined) {
    const refused = (await explainKey(session, site)).find(({ refusal }) => refusal !== null)?.refusal
    if (refused) explanation.refuse(refused.cause, refused.message)
    else explanation.note('session', 'the one that was given can be read')
  }
  for (const { title, check } of CHECKS) {
    if (explanation.refusal !== null) {
      explanation.note(title, 'not looked at any more')
      continue
    }
    await check(site, explanation)
  }
}
