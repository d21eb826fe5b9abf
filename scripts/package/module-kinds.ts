/** The ways in which TypeScript makes modules and finds packages: the package compiles and runs in each that can have it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from './packed.ts'
import { run, type Steps } from './steps.ts'
import type { Tool } from './toolchain.ts'

interface ModuleKind {
  readonly module: string
  readonly moduleResolution: string
  /** What package.json says of the project's own files. */
  readonly type: 'commonjs' | 'module'
  /** Of the compilers that have this kind: what their versions begin with. Default all. */
  readonly only?: string
}

const KINDS: readonly ModuleKind[] = [
  // What `module: commonjs` alone means before TypeScript 6.
  { module: 'commonjs', moduleResolution: 'node10', type: 'commonjs', only: 'TypeScript 5.' },
  { module: 'commonjs', moduleResolution: 'bundler', type: 'commonjs', only: 'TypeScript 7.' },
  { module: 'node16', moduleResolution: 'node16', type: 'module' },
  { module: 'node20', moduleResolution: 'node16', type: 'commonjs' },
  { module: 'nodenext', moduleResolution: 'nodenext', type: 'commonjs' },
  { module: 'nodenext', moduleResolution: 'nodenext', type: 'module' },
  { module: 'esnext', moduleResolution: 'bundler', type: 'module' },
  { module: 'preserve', moduleResolution: 'bundler', type: 'module' },
]

export async function checkModuleKinds(
  steps: Steps,
  {
    project,
    entries,
    compilers,
    everyNode,
  }: {
    readonly project: string
    readonly entries: readonly Entry[]
    readonly compilers: readonly Tool[]
    readonly everyNode: readonly Tool[]
  },
): Promise<void> {
  console.log('\nTypeScript projects by their kinds of modules, compiled and run')
  for (const compiler of compilers) {
    for (const kind of KINDS.filter(({ only = '' }) => compiler.name.startsWith(only))) {
      const { module, moduleResolution, type } = kind
      await steps.step(`${compiler.name}: module ${module}, ${moduleResolution}, type ${type}`, async () => {
        // A folder below the project: packages are found in the folders above.
        const folder = join(
          project,
          'kinds',
          [compiler.name.replaceAll(' ', '-'), module, moduleResolution, type].join('-'),
        )
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type }))
        writeFileSync(join(folder, 'app.ts'), programOf(entries))
        // The declarations themselves are checked elsewhere.
        const shared = {
          target: 'es2022',
          strict: true,
          skipLibCheck: true,
          types: ['node'],
          outDir: 'out',
          rootDir: '.',
        }
        const compilerOptions = { ...shared, module, moduleResolution }
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
        await run(process.execPath, [compiler.path, '-p', '.'], { cwd: folder })
        for (const { path } of everyNode) {
          const { stdout } = await run(path, ['out/app.js'], { cwd: folder })
          if (!stdout.includes('function')) throw new Error(`printed ${stdout}`)
        }
      })
    }
  }
}

/** Names each entry, and a type of the first. */
function programOf(entries: readonly Entry[]): string {
  const imports = entries.map(({ specifier }, index) => `import * as entry${index} from '${specifier}'\n`).join('')
  const names = entries.map((_, index) => `entry${index}`).join(', ')
  return `${imports}import { createBridge, type Bridge } from 'django-session-bridge'
const make: (settings: { SECRET_KEY: string }) => Bridge = createBridge
console.log(typeof make, [${names}].map((entry) => Object.keys(entry).length).join())
`
}
