/** The site that a command is about: its settings, wherever they come from, and its database and cache on demand. */
import { readFileSync } from 'node:fs'
import type { BridgeOptions } from '../bridge.ts'
import type { ConnectedCache } from '../caches/cache.ts'
import { type CacheOptions, type CacheSurroundings, openCache } from '../connect/cache.ts'
import { hasDatabase, openDatabase } from '../connect/database.ts'
import type { Database } from '../databases/database.ts'
import { loadWallClock, type WallClock } from '../databases/wall-clock.ts'
import { type Deadline, startDeadline } from '../deadline.ts'
import { SettingsError } from '../errors.ts'
import { parsePythonJson } from '../python/json-reader.ts'
import { chooseSerializer } from '../serializers/choose-serializer.ts'
import type { Serializer } from '../serializers/serializer.ts'
import { type DjangoProject, settingsFromDjango } from '../settings/from-django/settings-from-django.ts'
import { settingsFromEnv } from '../settings/from-env.ts'
import { checkSettings, type DjangoSettings, type Settings } from '../settings/settings.ts'

/** The flags that say where settings come from. */
export interface SiteFlags {
  /** A JSON file: settings, or what `settingsFromDjango` gives, `{settings, options}`. */
  readonly settings?: string
  readonly manage?: string
  readonly settingsModule?: string
  /** The site's own command, with its words separated by spaces. */
  readonly command?: string
  readonly python?: string
  readonly envPrefix?: string
  readonly table?: string
  readonly salt?: string
}

export interface SiteInput {
  readonly settings: DjangoSettings
  readonly options: BridgeOptions
  /** Where they come from, for people. */
  readonly source: string
}

export interface Site {
  readonly settings: Settings
  readonly options: BridgeOptions
  readonly serializer: Serializer
  readonly wallClock: WallClock
  readonly now: () => Date
  /** Null where the settings name none. */
  readonly database: Database | null
  /** The one of the users, mostly the same. */
  readonly userDatabase: Database | null
  cache(): Promise<ConnectedCache>
  /** What a cache of other settings is opened with. */
  readonly parts: CacheOptions
  readonly surroundings: CacheSurroundings
  deadline(): Deadline
  close(): Promise<void>
}

const DEADLINE_MS = 5000

/** @throws SettingsError for a file that is none, or a project that does not start */
export async function readSite(flags: SiteFlags): Promise<SiteInput> {
  const { settings, options, source } = await readSource(flags)
  return {
    settings,
    source,
    options: {
      ...options,
      ...(flags.table !== undefined && { sessionTable: { name: flags.table } }),
      ...(flags.salt !== undefined && { sessionSalt: flags.salt }),
    },
  }
}

async function readSource(flags: SiteFlags): Promise<SiteInput> {
  if (flags.settings !== undefined) return { ...readFile(flags.settings), source: 'the file of --settings' }
  const project = projectOf(flags)
  if (project !== null) return { ...(await settingsFromDjango(project)), source: 'the Django project' }
  const prefix = flags.envPrefix
  return {
    settings: settingsFromEnv(process.env, prefix === undefined ? {} : { prefix }),
    options: {},
    source: 'the environment',
  }
}

/** The project that flags name; null for none. @throws SettingsError for more than one */
export function projectOf({ manage, settingsModule, command, python }: SiteFlags): DjangoProject | null {
  const given = [manage, settingsModule, command].filter((flag) => flag !== undefined)
  if (given.length > 1) throw new SettingsError('Give one of --manage, --settings-module and --command.')
  const own = python === undefined ? {} : { python }
  if (manage !== undefined) return { manage, ...own }
  if (settingsModule !== undefined) return { settingsModule, ...own }
  if (command === undefined) return null
  const [program = '', ...words] = command.trim().split(/\s+/)
  if (program === '') throw new SettingsError('--command must name the command of the site, such as "pretix".')
  return { command: [program, ...words] }
}

function readFile(path: string): Pick<SiteInput, 'settings' | 'options'> {
  let given: unknown
  try {
    given = parsePythonJson(readFileSync(path, 'utf8'))
  } catch {
    throw new SettingsError('--settings must name a file of JSON.')
  }
  if (typeof given !== 'object' || given === null) throw new SettingsError('--settings must hold an object.')
  if (!('settings' in given)) return { settings: given as DjangoSettings, options: {} }
  const { settings, options = {} } = given as { settings: DjangoSettings; options?: BridgeOptions }
  return { settings, options }
}

/** @throws SettingsError, DriverMissingError */
export async function openSite(
  { settings: given, options }: SiteInput,
  now: () => Date = () => new Date(),
): Promise<Site> {
  const settings = checkSettings(given)
  const wallClock = await loadWallClock(settings)
  const parts = {
    clients: {},
    now,
    deadlineMs: DEADLINE_MS,
    limits: options.limits ?? {},
    warn: () => undefined,
  }
  const database = hasDatabase(settings, parts) ? openDatabase(settings, parts, wallClock) : null
  const { using = 'default' } = options.userTable ?? {}
  const userDatabase = using === 'default' ? database : openDatabase(settings, parts, wallClock, using)
  const surroundings = { database: () => database ?? noDatabase(), instant: wallClock.instant }
  let cache: Promise<ConnectedCache> | undefined
  return {
    settings,
    options,
    serializer: chooseSerializer(settings.SESSION_SERIALIZER, options),
    wallClock,
    now,
    database,
    userDatabase,
    parts,
    surroundings,
    cache: () => (cache ??= openCache(settings, parts, surroundings)),
    deadline: () => startDeadline(DEADLINE_MS),
    async close() {
      await (await cache?.catch(() => undefined))?.cache.close()
      if (userDatabase !== database) await userDatabase?.close()
      await database?.close()
    },
  }
}

function noDatabase(): never {
  throw new SettingsError('DATABASES.default is missing: give a database URL, or Django’s dictionary.')
}
