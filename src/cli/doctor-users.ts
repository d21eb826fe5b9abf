/** The user table beside the sessions: is it there, and are the logins of stored sessions its users' own. */
import { checkUser } from '../auth/current-user.ts'
import { usersFromTable } from '../auth/users.ts'
import type { Encoded } from '../serializers/serializer.ts'
import { loginHashes } from '../settings/django-version.ts'
import type { Explanation } from './explanation.ts'
import { expectedSalt, findSignature } from './signed-text.ts'
import type { Site } from './site.ts'
import { hasRows, newestRows } from './stored-rows.ts'

const DEADLINE_MS = 5000

export async function checkUsers(site: Site, explanation: Explanation): Promise<void> {
  const { database, settings, options } = site
  if (database === null) {
    explanation.note('users', 'no database; hooks.loadUser is needed to know who is logged in')
    return
  }
  const users = usersFromTable(database, settings.AUTH_USER_MODEL, options.userTable ?? {}, DEADLINE_MS)
  const columns = await users.columns()
  if (!columns.has('password')) {
    explanation.refuse('wrong_users', 'the user table has no column password: see options.userTable')
    return
  }
  const hashes = loginHashes(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM)
  const verdicts = []
  for (const login of hasRows(site) ? await logins(site) : []) {
    const get = (name: string): unknown => login.get(name)?.decode()
    verdicts.push(
      await checkUser(get, { ...settings, loginHashes: hashes, loadUser: users.load, keyText: users.keyText }),
    )
  }
  const known = verdicts.filter(({ status }) => status === 'authenticated').length
  explanation.note(
    'users',
    `the table is there; ${known} of ${verdicts.length} logins in the newest sessions are theirs`,
  )
  if (verdicts.length === 0 || known > 0) return
  const reasons = new Set(verdicts.flatMap((verdict) => ('reason' in verdict ? [verdict.reason] : [])))
  explanation.refuse(
    'wrong_users',
    `none of ${verdicts.length} logins in the newest sessions is verified (${Array.from(reasons).join(', ')}): ` +
      'AUTH_USER_MODEL, AUTHENTICATION_BACKENDS or SECRET_KEY differ, or hooks.sessionAuthHash is needed',
  )
}

/** The sessions somebody is logged in to. */
async function logins(site: Site): Promise<ReadonlyMap<string, Encoded>[]> {
  const rows = await newestRows(site)
  const sessions = rows.flatMap(({ text }) => {
    const match = findSignature(text, site, [expectedSalt(site)])
    return match !== null && 'data' in match.decoded ? [match.decoded.data] : []
  })
  return sessions.filter((session) => session.has('_auth_user_id'))
}
