/** Who may import whom: a lower layer never knows a higher one, not even for a type. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const SOURCES = resolve(import.meta.dirname, '../src')

interface Layer {
  readonly level: number
  readonly name: string
  /** Prefixes of files, longest first where they overlap. */
  readonly owns: readonly string[]
  /** Prefixes that may be imported; its own are always allowed. */
  readonly imports: readonly string[]
}

const PURE = [
  'signing/',
  'python/',
  'cookies/cookie-header.ts',
  'cookies/set-cookie.ts',
  'http-headers.ts',
  'errors.ts',
  'node-version.ts',
  'augmentations.ts',
  'deadline.ts',
  'circuit.ts',
  'outcome-unknown.ts',
  'patience.ts',
  'unheard.ts',
  'over-limit.ts',
]
const SETTINGS = [
  'settings/settings.ts',
  'settings/session-jwt.ts',
  'settings/cache-setting.ts',
  'settings/django-version.ts',
]
const PORTS_AND_FORMATS = ['caches/', 'databases/', 'serializers/', 'jwt/']

const LAYERS: readonly Layer[] = [
  { level: 0, name: 'errors', owns: ['errors.ts', 'node-version.ts', 'augmentations.ts'], imports: [] },
  {
    level: 0,
    name: 'deadline',
    owns: ['deadline.ts', 'circuit.ts', 'outcome-unknown.ts', 'patience.ts', 'unheard.ts', 'over-limit.ts'],
    imports: ['errors.ts'],
  },
  {
    level: 0,
    name: 'headers',
    owns: ['http-headers.ts', 'cookies/cookie-header.ts', 'cookies/set-cookie.ts'],
    imports: ['errors.ts'],
  },
  { level: 0, name: 'files', owns: ['files/'], imports: ['errors.ts', 'deadline.ts', 'outcome-unknown.ts'] },
  {
    level: 0,
    name: 'python',
    owns: ['python/'],
    imports: ['errors.ts', 'node-version.ts', 'unheard.ts', 'over-limit.ts'],
  },
  {
    level: 0,
    name: 'signing',
    owns: ['signing/'],
    imports: ['errors.ts', 'node-version.ts', 'over-limit.ts', 'python/'],
  },
  { level: 0, name: 'settings', owns: ['settings/'], imports: ['errors.ts'] },
  {
    level: 4,
    name: 'settings of Django',
    owns: ['settings/from-django/'],
    imports: [...PURE, 'settings/settings.ts', 'settings/unclear.ts', 'auth/user-table.ts'],
  },
  { level: 1, name: 'databases', owns: ['databases/'], imports: PURE },
  { level: 1, name: 'serializers', owns: ['serializers/'], imports: PURE },
  {
    level: 1,
    name: 'caches',
    owns: ['caches/'],
    imports: [...PURE, ...SETTINGS, 'databases/database.ts', 'databases/sql-dialect.ts', 'files/', 'serializers/'],
  },
  { level: 1, name: 'jwt', owns: ['jwt/'], imports: [...PURE, ...SETTINGS] },
  { level: 2, name: 'stores', owns: ['stores/'], imports: [...PURE, ...SETTINGS, ...PORTS_AND_FORMATS, 'files/'] },
  { level: 2, name: 'session', owns: ['session/'], imports: [...PURE, ...SETTINGS, ...PORTS_AND_FORMATS, 'stores/'] },
  {
    level: 3,
    name: 'auth',
    owns: ['auth/'],
    imports: [...PURE, ...SETTINGS, ...PORTS_AND_FORMATS, 'stores/', 'session/'],
  },
  {
    level: 3,
    name: 'cookies',
    owns: ['cookies/'],
    imports: [...PURE, ...SETTINGS, ...PORTS_AND_FORMATS, 'stores/', 'session/'],
  },
  {
    level: 4,
    name: 'core',
    owns: ['bridge.ts', 'context.ts', 'evidence.ts', 'login.ts', 'warnings.ts', 'connect/', 'index.ts'],
    imports: [''],
  },
  {
    level: 5,
    name: 'adapters',
    owns: ['adapters/'],
    imports: ['bridge.ts', 'context.ts', 'connect/connect.ts', 'index.ts', 'auth/', 'stores/store.ts', ...PURE],
  },
  // What a lower part only refuses, a command explains: it looks into every one of them.
  { level: 5, name: 'cli', owns: ['cli/'], imports: [''] },
  {
    level: 5,
    name: 'testing',
    owns: ['testing.ts'],
    imports: ['bridge.ts', 'auth/', 'session/session.ts', 'databases/', ...SETTINGS, ...PURE],
  },
]

function sourceFiles(folder = SOURCES): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sourceFiles(join(folder, entry.name)) : [relative(SOURCES, join(folder, entry.name))],
  )
}

function layerOf(file: string): Layer | undefined {
  const owners = LAYERS.flatMap((layer) => layer.owns.map((owned) => ({ layer, owned })))
  const fitting = owners.filter(({ owned }) => file === owned || (owned.endsWith('/') && file.startsWith(owned)))
  return fitting.sort((a, b) => b.owned.length - a.owned.length)[0]?.layer
}

/** Every module that a source names, in static and dynamic imports and re-exports. */
function importsOf(source: string): string[] {
  const patterns = [
    /(?:import|export)\b[^'"]*?\bfrom\s*'([^']+)'/g,
    /^import\s*'([^']+)'/gm,
    /\bimport\(\s*'([^']+)'\s*\)/g,
  ]
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map((match) => match[1] ?? ''))
}

/** The imports of `file` that its layer does not allow. */
function forbiddenImports(file: string, source: string): string[] {
  const layer = layerOf(file)
  if (layer === undefined) return ['(the file belongs to no layer)']
  const local = importsOf(source)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => join(dirname(file), specifier))
  return local.filter((target) => {
    const allowed = [...layer.owns, ...layer.imports]
    return !allowed.some(
      (prefix) => prefix === '' || target === prefix || (prefix.endsWith('/') && target.startsWith(prefix)),
    )
  })
}

/** Everything that `file` needs, directly and through others. */
function reached(file: string, seen = new Set<string>()): Set<string> {
  for (const specifier of importsOf(readFileSync(join(SOURCES, file), 'utf8'))) {
    const target = specifier.startsWith('.') ? join(dirname(file), specifier) : specifier
    if (seen.has(target)) continue
    seen.add(target)
    if (specifier.startsWith('.')) reached(target, seen)
  }
  return seen
}

describe('layers', () => {
  test('every file imports only what its layer may', () => {
    const found = sourceFiles().map((file) => [file, forbiddenImports(file, readFileSync(join(SOURCES, file), 'utf8'))])
    expect(found.filter(([, forbidden]) => forbidden?.length)).toEqual([])
  })

  test('an import that points upwards is found, also for a type or by import()', () => {
    expect(forbiddenImports('stores/db.ts', "import type { Session } from '../session/session.ts'\n")).toEqual([
      'session/session.ts',
    ])
    expect(forbiddenImports('signing/signer.ts', "const fs = await import('../bridge.ts')\n")).toEqual(['bridge.ts'])
    expect(forbiddenImports('auth/users.ts', "export { x } from '../cookies/session-cookie.ts'\n")).toEqual([
      'cookies/session-cookie.ts',
    ])
    expect(forbiddenImports('oddity.ts', '')).not.toEqual([])
  })

  test('S20, S39: the verifier reaches no settings, store, driver, file, network or dependency', () => {
    const needs = [...reached('jwt/verifier.ts')]
    expect(needs.filter((name) => /^(settings|stores|databases|session|auth)\//.test(name))).toEqual([])
    expect(needs.filter((name) => !name.endsWith('.ts'))).toEqual(['node:crypto'])
  })
})

describe('sizes and names', () => {
  test('no file has more than 400 lines', () => {
    const lines = (file: string): number => readFileSync(join(SOURCES, file), 'utf8').split('\n').length
    expect(sourceFiles().filter((file) => lines(file) > 400)).toEqual([])
  })

  test('no file is named after a heap of things', () => {
    expect(sourceFiles().filter((file) => /(^|\/)(utils?|helpers?|common|lib|types)(\.ts|\/)/.test(file))).toEqual([])
  })

  test('JSON that comes from outside is read by python/json-reader, which knows where JSON.parse errs', () => {
    const users = sourceFiles().filter((file) => readFileSync(join(SOURCES, file), 'utf8').includes('JSON.parse('))
    expect(users).toEqual(['python/json-reader.ts', 'python/json-tree.ts', 'settings/from-env.ts'])
  })

  test('S1: nothing that becomes a key or a token comes from Math.random', () => {
    const users = sourceFiles().filter((file) => readFileSync(join(SOURCES, file), 'utf8').includes('Math.random'))
    expect(users).toEqual(['deadline.ts'])
  })
})
