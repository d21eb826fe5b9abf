/** Projects that use the packed package, empty but for what is installed into them. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { type Entry, type Manifest, ROOT } from './packed.ts'
import { run } from './steps.ts'

/** Makes a project with the tarball and packages beside it, in the versions that this repository has. */
export async function makeProject(folder: string, tarball: string, packages: readonly string[] = []): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const pinned = packages.map((name) => `${name}@${versionOf(name)}`)
  const parameters = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...parameters, tarball, ...pinned], { cwd: folder })
  return folder
}

/** Installs the tarball beside packages in given versions, as a user does; returns what npm warns about. */
export async function installBeside(folder: string, tarball: string, packages: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
  const { stderr } = await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=warn', tarball, ...packages], {
    cwd: folder,
  })
  return stderr
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version
}

/** A quick start: the one file of code in its folder under examples/. */
export interface Example {
  readonly name: string
  readonly file: string
  /** What it imports beside Node's own modules and this package. */
  readonly packages: readonly string[]
}

export function examples({ name }: Manifest): Example[] {
  return readdirSync(join(ROOT, 'examples')).flatMap((example) =>
    readdirSync(join(ROOT, 'examples', example))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => {
        const source = readFileSync(join(ROOT, 'examples', example, file), 'utf8')
        const specifiers = Array.from(source.matchAll(/\bfrom '([^'.][^']*)'/g), ([, specifier = '']) => specifier)
        const packages = specifiers.filter((one) => !isBuiltin(one) && one !== name && !one.startsWith(`${name}/`))
        return { name: example, file, packages }
      }),
  )
}

/** Copies the quick starts into a project, each under its own name. */
export function copyExamples(folder: string, list: readonly Example[]): void {
  for (const { name, file } of list) {
    mkdirSync(join(folder, name), { recursive: true })
    copyFileSync(join(ROOT, 'examples', name, file), join(folder, name, file))
  }
}

/** Imports and requires each entry; both must be the same module. Prints the number of names it exports. */
export function writeEntryPrograms(folder: string, entries: readonly Entry[]): { imports: string; requires: string } {
  const specifiers = JSON.stringify(entries.map(({ specifier }) => specifier))
  const imports = `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
let names = 0
for (const specifier of ${specifiers}) {
  const module = await import(specifier)
  if (require(specifier) !== module) throw new Error(specifier + ' is another module when it is required')
  names += Object.keys(module).length
}
console.log(names)
`
  const requires = `let names = 0
for (const specifier of ${specifiers}) names += Object.keys(require(specifier)).length
console.log(names)
`
  writeFileSync(join(folder, 'imports.mjs'), imports)
  writeFileSync(join(folder, 'requires.cjs'), requires)
  return { imports: join(folder, 'imports.mjs'), requires: join(folder, 'requires.cjs') }
}

/** Sources that name each entry, as a module and as CommonJS, and the compiler's strictest settings. */
export function writeTypeScript(folder: string, entries: readonly Entry[]): void {
  const lines = (line: (specifier: string, index: number) => string): string =>
    entries.map(({ specifier }, index) => `${line(specifier, index)}\n`).join('')
  const all = `export const all: object[] = [${entries.map((_, index) => `entry${index}`).join(', ')}]\n`
  writeFileSync(
    join(folder, 'modules.ts'),
    lines((specifier, index) => `import * as entry${index} from '${specifier}'`) + all,
  )
  writeFileSync(
    join(folder, 'commonjs.cts'),
    lines((specifier, index) => `import entry${index} = require('${specifier}')`) + all,
  )
  const compilerOptions = {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    declaration: true,
    types: ['node'],
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
}
