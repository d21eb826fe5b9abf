/**
 * What a project's Python decides and Node cannot follow. `settingsFromDjango` finds it, and `createBridge` refuses to
 * start while an entry has no answer: a guess would let somebody in, or log everybody out.
 */
import { named, SettingsError } from '../errors.ts'

export type UnclearCode =
  /** The user model has its own `get_session_auth_hash`, or none. */
  | 'user_session_auth_hash'
  /** `is_active` of the user model is not a BooleanField: a property, or a field of another type. */
  | 'user_is_active'
  /** `password` of the user model is not a text field of Django's. */
  | 'user_password'
  /** The primary key of the user model is a field with its own conversions, or more than one field. */
  | 'user_key'
  /** The user model has its own `from_db`, or a metaclass that makes its instances in its own way. */
  | 'user_from_db'
  /** The default manager of the user model does not find every row, or finds users in its own way. */
  | 'user_manager'
  /** A class of AUTHENTICATION_BACKENDS has its own `get_user`. */
  | 'backend_get_user'
  /** A class of AUTHENTICATION_BACKENDS has its own `user_can_authenticate`. */
  | 'backend_user_can_authenticate'
  /** The SessionStore class, or the manager of its model, has its own way to read, write or expire sessions. */
  | 'session_store'
  /** The session model keeps one of Django's three columns under another name. */
  | 'session_table'
  /** The session table has columns of its own, which a new session must fill. */
  | 'session_columns'
  /** SESSION_SERIALIZER is the site's own class. */
  | 'session_serializer'
  /** A middleware of the site's own decides what `request.session` is, or which cookie is read or written. */
  | 'session_middleware'
  /** A subclass of AuthenticationMiddleware, or a function in the place of Django's `get_user`, decides who `request.user` is. */
  | 'authentication_middleware'
  /** RemoteUserMiddleware logs users in and out by a header of the web server. */
  | 'remote_user'
  /** Another middleware sets `request.user`, logs somebody in or out, or ends the session. */
  | 'middleware_sets_user'
  /** The database engine makes its connections in its own way. */
  | 'database_connection'
  /** The database engine chooses a schema for each request. */
  | 'database_schema'
  /** The cache backend is a subclass that changes keys, values or calls. */
  | 'cache_backend'
  /** LOGIN_URL is the name of a URL pattern that the project does not have. */
  | 'login_url'

/** What was found: a code, and the Python name behind it. */
export interface Finding {
  readonly code: UnclearCode
  /** The dotted path of the class, method or column. */
  readonly what: string
}

/** A finding, and what to do about it. */
export interface Unclear extends Finding {
  /** What happens without an answer. */
  readonly without: string
  /** The hook, option or setting that answers it. */
  readonly answer: string
}

/** The parts of `createBridge` that can answer. */
export interface UnclearAnswers {
  readonly hooks: Readonly<Partial<Record<'loadUser' | 'sessionAuthHash' | 'veto', unknown>>>
  readonly options: {
    readonly serializer?: unknown
    readonly sessionTable?: { readonly columns?: unknown }
    readonly unclear?: readonly Finding[]
    readonly acknowledge?: readonly string[]
  }
  /** Whether the site gave its own client for DATABASES.default, or for the cache of the sessions. */
  readonly hasDatabaseClient: boolean
}

interface Explanation {
  readonly without: string
  readonly answer: string
  /** Whether a hook, option or client answers it; without one only `acknowledge` does. */
  readonly isAnswered?: (answers: UnclearAnswers) => boolean
}

const hasLoadUser = ({ hooks }: UnclearAnswers): boolean => hooks.loadUser !== undefined
const hasVetoOrLoadUser = ({ hooks }: UnclearAnswers): boolean =>
  hooks.veto !== undefined || hooks.loadUser !== undefined

const EXPLANATIONS: Readonly<Record<UnclearCode, Explanation>> = {
  user_session_auth_hash: {
    without: 'no login can be verified, and everybody is anonymous',
    answer: 'hooks.sessionAuthHash, which computes the same hash',
    isAnswered: ({ hooks }) => hooks.sessionAuthHash !== undefined,
  },
  user_is_active: {
    without: 'Node cannot see who is deactivated',
    answer: 'hooks.loadUser, whose rows have is_active, or hooks.veto',
    isAnswered: hasVetoOrLoadUser,
  },
  user_password: {
    without: 'no login can be verified, and everybody is anonymous',
    answer: 'hooks.loadUser, whose rows have the password as Python has it',
    isAnswered: hasLoadUser,
  },
  user_key: {
    without: 'Node may not find the user of a session, or find another one',
    answer: 'hooks.loadUser',
    isAnswered: hasLoadUser,
  },
  user_from_db: {
    without: 'Node sees the columns as they are stored, not what Python makes of them',
    answer: 'hooks.loadUser',
    isAnswered: hasLoadUser,
  },
  user_manager: {
    without: 'Node finds users that Django does not find, and they are logged in',
    answer: 'hooks.loadUser, which returns null for them',
    isAnswered: hasLoadUser,
  },
  backend_get_user: {
    without: 'Node may take a user for logged in whom Django does not, or the other way round',
    answer: 'hooks.loadUser, which returns null where get_user returns None',
    isAnswered: hasLoadUser,
  },
  backend_user_can_authenticate: {
    without: 'Node asks for is_active alone, as ModelBackend does',
    answer: 'hooks.loadUser, whose is_active is the answer of that method, or hooks.veto',
    isAnswered: hasVetoOrLoadUser,
  },
  session_store: {
    without: 'Node stores and reads sessions as the class of Django below it does',
    answer: 'acknowledge, once you know that the override changes nothing that is stored',
  },
  session_table: {
    without: 'every query of a session fails',
    answer: 'a view with the names of Django, as options.sessionTable.name; then acknowledge',
  },
  session_columns: {
    without: 'a new session of Node lacks these values, or the database refuses it',
    answer: 'options.sessionTable.columns, which gives their values; keep its name',
    isAnswered: ({ options }) => options.sessionTable?.columns !== undefined,
  },
  session_serializer: {
    without: 'Node cannot read or write the values',
    answer: 'options.serializer, which does the same in JavaScript',
    isAnswered: ({ options }) => options.serializer !== undefined,
  },
  session_middleware: {
    without: 'Node reads and writes the cookie as SESSION_COOKIE_NAME and the other settings say',
    answer: 'settings that say the same as the class; then acknowledge',
  },
  authentication_middleware: {
    without: 'Node answers the user of the session',
    answer: 'hooks.veto or hooks.loadUser',
    isAnswered: hasVetoOrLoadUser,
  },
  remote_user: {
    without: 'Node knows the user of the session also where the header is missing, and nobody by the header alone',
    answer: 'hooks.veto, which looks at the header',
    isAnswered: ({ hooks }) => hooks.veto !== undefined,
  },
  middleware_sets_user: {
    without: 'Node answers the user of the session, which may be another than request.user',
    answer: 'hooks.veto, or acknowledge once you know what the middleware does',
    isAnswered: ({ hooks }) => hooks.veto !== undefined,
  },
  database_connection: {
    without: 'Node connects as DATABASES says, which may be elsewhere or without the password',
    answer: 'an open client in clients.databases.default',
    isAnswered: ({ hasDatabaseClient }) => hasDatabaseClient,
  },
  database_schema: {
    without: 'Node reads the tables of one schema for all requests',
    answer:
      "a bridge for each schema: its search_path in DATABASES, as OPTIONS { options: '-c search_path=…' }, then acknowledge; " +
      'or a client whose search_path is set, in clients.databases.default',
    isAnswered: ({ hasDatabaseClient }) => hasDatabaseClient,
  },
  cache_backend: {
    without: 'Node uses the cache as the class of Django below it does',
    answer: 'acknowledge, once you know that keys and values are the same',
  },
  login_url: {
    without: 'anonymous visitors are sent to an address that does not exist',
    answer: 'LOGIN_URL as a path; then acknowledge',
  },
}

/** All codes, for checks of what a site acknowledges. */
export const UNCLEAR_CODES: readonly string[] = Object.keys(EXPLANATIONS)

export function explained(finding: Finding): Unclear {
  const { without, answer } = EXPLANATIONS[finding.code]
  return { ...finding, without, answer }
}

/** @throws SettingsError that lists every entry of `options.unclear` without an answer, with the way out of each */
export function refuseUnclear(answers: UnclearAnswers): void {
  const { unclear = [], acknowledge = [] } = answers.options
  const stranger = acknowledge.find((code) => !UNCLEAR_CODES.includes(code))
  if (stranger !== undefined) {
    throw new SettingsError(`options.acknowledge: there is no such code; codes are ${UNCLEAR_CODES.join(', ')}.`)
  }
  const unknown = unclear.find(({ code }) => !UNCLEAR_CODES.includes(code))
  if (unknown !== undefined) {
    throw new SettingsError(
      `options.unclear: ${named(String(unknown.code))} is not a code of this version: run settingsFromDjango again.`,
    )
  }
  const open = unclear.filter(
    ({ code }) => !acknowledge.includes(code) && EXPLANATIONS[code].isAnswered?.(answers) !== true,
  )
  if (open.length === 0) return
  const entries = open.map((finding, place) => {
    const { without, answer } = explained(finding)
    return `(${place + 1}) ${finding.code} (${finding.what}): without an answer, ${without}. Give ${answer}.`
  })
  throw new SettingsError(
    `The project's Python decides what Node cannot follow: ${entries.join(' ')} ` +
      'Answer each entry like this, or name its code in options.acknowledge.',
  )
}
