/** The user table beside the sessions: is it there, and is each login of a stored session verified. */
import { usersFromTable } from '../auth/users.ts'
import { databasePlace } from '../connect/places.ts'
import { named } from '../errors.ts'
import type { Encoded } from '../serializers/serializer.ts'
import type { Explanation } from './explanation.ts'
import { countsOf, judgeLogin, type LoginVerdict } from './logins.ts'
import type { Site } from './site.ts'
import { storedSessions } from './stored-sessions.ts'

const DEADLINE_MS = 5000

/** @param given the session of a cookie or key that was given, for a store that does not show what it has */
export async function checkUsers(
  site: Site,
  explanation: Explanation,
  given: readonly ReadonlyMap<string, Encoded>[] = [],
): Promise<void> {
  const { userDatabase: database, settings, options } = site
  if (database === null) {
    explanation.nothing('users', 'DATABASES.default is missing; hooks.loadUser is needed to know who is logged in')
    return
  }
  const users = usersFromTable(database, settings.AUTH_USER_MODEL, options.userTable ?? {}, DEADLINE_MS)
  const columns = await users.columns()
  const table = `AUTH_USER_MODEL ${settings.AUTH_USER_MODEL} in ${databasePlace(settings, options.userTable?.using)}`
  if (!columns.has('password')) {
    explanation.refuse('wrong_users', `the table of ${table} has no column password: see options.userTable`, 'users')
    return
  }
  explanation.seen('users', `${table}: the table is there`)
  const stored = await storedSessions(site)
  const sessions = (stored.length > 0 ? stored : given).filter((data) => data.has('_auth_user_id'))
  if (sessions.length === 0) {
    const isUnsigned = settings.SESSION_ENGINE.endsWith('.cache')
    const why = isUnsigned ? '. A cache holds no signatures, so nothing shows whether SECRET_KEY is that of Django' : ''
    explanation.nothing('logins', `nobody is logged in to a session that can be read${why}`)
    return
  }
  const verdicts: LoginVerdict[] = []
  const backends = new Set<string>()
  for (const data of sessions) {
    const verdict = (await judgeLogin(data, site)) ?? 'not_logged_in'
    verdicts.push(verdict)
    if (verdict === 'backend_not_allowed') backends.add(named(String(data.get('_auth_user_backend')?.decode())))
  }
  conclude(verdicts, backends, explanation)
}

function conclude(verdicts: readonly LoginVerdict[], backends: ReadonlySet<string>, explanation: Explanation): void {
  const of = `${verdicts.length} login${verdicts.length === 1 ? '' : 's'}: ${countsOf(verdicts)}`
  if (backends.size > 0) {
    const names = Array.from(backends).join(', ')
    const message =
      `${of}. AUTHENTICATION_BACKENDS does not list ${names}, which logged somebody in: list it, unless it is ` +
      'of former days and Django does not list it either'
    explanation.refuse('wrong_users', message, 'logins')
  } else if (verdicts.some((verdict) => verdict.startsWith('verified'))) explanation.judged('logins', of)
  else if (verdicts.every((verdict) => verdict === 'inactive_user')) {
    explanation.nothing('logins', `${of}; Django lets none of them in`)
  } else explanation.refuse('wrong_users', `none of ${of} is verified: ${advice(verdicts)}`, 'logins')
}

/** What the most telling verdict says of the settings. */
function advice(verdicts: readonly LoginVerdict[]): string {
  const found = ADVICE.find(([reason]) => verdicts.includes(reason))
  return found?.[1] ?? 'compare AUTH_USER_MODEL and options.userTable with Django'
}

const ADVICE: readonly (readonly [LoginVerdict, string])[] = [
  [
    'auth_hash_mismatch',
    'SECRET_KEY is another, AUTH_USER_MODEL or DATABASES.default has other users, DJANGO_VERSION is another, or the ' +
      'model has a get_session_auth_hash of its own (hooks.sessionAuthHash)',
  ],
  [
    'unknown_user',
    'AUTH_USER_MODEL, options.userTable or DATABASES.default names another table than that of the users',
  ],
  ['malformed_login', 'AUTH_USER_MODEL or options.userTable has another primary key than the users who logged in'],
  ['auth_hash_missing', 'the user model has no get_session_auth_hash, as far as the sessions tell: see hooks.loadUser'],
]
