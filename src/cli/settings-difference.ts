/** The first setting that two sources tell differently. No value that may be a secret is told. */
import { isDeepStrictEqual } from 'node:util'
import { isSameRelease } from '../settings/django-version.ts'
import { checkSettings, type DjangoSettings, type Settings } from '../settings/settings.ts'

/** Whose difference explains others; the rest follow in their own order. */
const FIRST: readonly (keyof Settings)[] = [
  'SESSION_ENGINE',
  'SECRET_KEY',
  'SECRET_KEY_FALLBACKS',
  'SESSION_SERIALIZER',
  'DATABASES',
]

/** What holds secrets, or may: told to differ, and not how. Everything inside them is one of them. */
const SECRETS: readonly string[] = ['SECRET_KEY', 'SECRET_KEY_FALLBACKS', 'KEY', 'password', 'location', 'options']

/** One sentence; null where nothing differs. @throws SettingsError */
export function differenceOf(here: DjangoSettings, django: DjangoSettings): string | null {
  const [ours, theirs] = [checkSettings(here), checkSettings(django)]
  for (const name of new Set([...FIRST, ...(keysOf(theirs) as (keyof Settings)[])])) {
    if (name === 'TIME_ZONE' && theirs.USE_TZ) continue
    if (name === 'DJANGO_VERSION' && sameVersion(ours.DJANGO_VERSION, theirs.DJANGO_VERSION)) continue
    const found = difference(name, ours[name], theirs[name])
    if (found !== null) return found
  }
  return null
}

/** Patch releases write alike. */
function sameVersion(ours: string | undefined, theirs: string | undefined): boolean {
  return ours === undefined || (theirs !== undefined && isSameRelease(ours, theirs))
}

function difference(name: string, ours: unknown, theirs: unknown): string | null {
  if (SECRETS.some((secret) => name === secret || name.endsWith(`.${secret}`))) {
    return isDeepStrictEqual(ours, theirs) ? null : `${name} is another in Django`
  }
  if (!isDictionary(ours) || !isDictionary(theirs)) {
    return isDeepStrictEqual(ours, theirs) ? null : `${name} is ${told(ours)} here, and ${told(theirs)} in Django`
  }
  for (const key of new Set([...keysOf(theirs), ...keysOf(ours)])) {
    // Clients of Python's own have options that mean nothing here.
    if (key === 'options' && name.startsWith('DATABASES')) continue
    const found = difference(`${name}.${key}`, ours[key], theirs[key])
    if (found !== null) return found
  }
  return null
}

/** Those that are hidden from printing too. */
function keysOf(value: object): string[] {
  return Object.getOwnPropertyNames(value)
}

function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function told(value: unknown): string {
  if (value === undefined || value === null) return 'not given'
  return isDictionary(value) ? 'given' : JSON.stringify(value)
}
