/** The package as `npm pack` makes it: which files are in it, and what they reach. */
import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { run } from './steps.ts'

export const ROOT = resolve(import.meta.dirname, '../..')

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** An entry that programs import: `django-session-bridge/jwt` and the file it is. */
export interface Entry {
  readonly specifier: string
  /** `dist/jwt/verifier.js` */
  readonly file: string
}

export function readManifest(folder: string = ROOT): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

export function entriesOf({ name, exports }: Manifest): Entry[] {
  return Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [{ specifier: name + subpath.slice(1), file: target.default.replace(/^\.\//, '') }],
  )
}

/**
 * The files of the package by their paths; with `folder`, it is packed there.
 * @returns the tarball's path too, which exists only with `folder`
 */
export async function pack(folder?: string): Promise<{ files: readonly string[]; tarball: string }> {
  const where = folder === undefined ? ['--dry-run'] : ['--pack-destination', folder]
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', ...where], { cwd: ROOT })
  const [{ files, filename }] = JSON.parse(stdout) as [{ files: { path: string }[]; filename: string }]
  return { files: files.map(({ path }) => path), tarball: join(folder ?? '', filename) }
}

const DOCUMENTS = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']

/** What does not belong into the package: all but the documents and what is built from a file of src/. */
export function strayFiles(files: readonly string[]): string[] {
  return files.filter((file) => {
    const [, module] = /^dist\/(.+?)(?:\.d\.ts|\.js)$/.exec(file) ?? []
    return !DOCUMENTS.includes(file) && (module === undefined || !existsSync(join(ROOT, 'src', `${module}.ts`)))
  })
}

/** What the package lacks: a document, or a source's JavaScript or declarations. */
export function missingFiles(files: readonly string[], sources: readonly string[]): string[] {
  const built = sources.flatMap((source) => [source.replace(/ts$/, 'js'), source.replace(/ts$/, 'd.ts')])
  return [...DOCUMENTS, ...built.map((file) => `dist/${file}`)].filter((file) => !files.includes(file))
}

/**
 * The packages that a file needs, directly or through files of its own package, and those of Node as `node:…`. Told
 * apart: what it needs at once, and what it imports when asked to.
 * @throws when a file that is imported is not there
 */
export async function reachedPackages(folder: string, file: string): Promise<{ atOnce: string[]; later: string[] }> {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [file],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  })
  const imports = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external }) => external)
  const named = (isLater: boolean): string[] =>
    [...new Set(imports.filter(({ kind }) => (kind === 'dynamic-import') === isLater).map(({ path }) => path))].sort()
  return { atOnce: named(false), later: named(true) }
}

/** Packages that a manifest does not declare for what the files reach; Node's own are written `node:…`. */
export function undeclared(manifest: Manifest, { atOnce, later }: { atOnce: string[]; later: string[] }): string[] {
  const dependencies = Object.keys(manifest.dependencies ?? {})
  const optional = Object.keys(manifest.peerDependencies ?? {})
  const isKnown = (path: string, packages: readonly string[]): boolean =>
    path.startsWith('node:')
      ? builtinModules.includes(path.slice(5)) || path === 'node:sqlite'
      : packages.includes(path)
  return [
    ...atOnce.filter((path) => !isKnown(path, dependencies)),
    ...later.filter((path) => !isKnown(path, [...dependencies, ...optional])),
  ]
}
