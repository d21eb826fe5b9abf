/**
 * Packs the package and uses it as a stranger would: from empty projects outside this repository, on the oldest Node and
 * this one, with both TypeScripts, and bundled. `npm run package:check`; `-- --help` for its options.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { type BundleFormat, bundle, writeDriverProgram } from './bundles.ts'
import {
  copyExamples,
  type Example,
  examples,
  installBeside,
  makeProject,
  writeEntryPrograms,
  writeTypeScript,
} from './consumers.ts'
import { checkJest, makeJestProject } from './jest.ts'
import { checkModuleKinds } from './module-kinds.ts'
import { entriesOf, missingFiles, pack, ROOT, reachedPackages, readManifest, strayFiles, undeclared } from './packed.ts'
import { countSteps, run } from './steps.ts'
import { nodes, type Tool, tooOldNodes, typescripts } from './toolchain.ts'

const { values: options } = parseArgs({
  options: { full: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
})
if (options.help) {
  console.log(`Usage: npm run package:check [-- --full]

  --full   also runs the unit tests, the contract tests on SQLite among them, on the oldest Node and on this one

Nothing in it is random. It needs the npm registry, or npm's cache of it.`)
  process.exit()
}

const manifest = readManifest()
const entries = entriesOf(manifest)
const quickStarts = examples(manifest)
const steps = countSteps()

const folder = mkdtempSync(join(tmpdir(), 'package-check-'))
if (!relative(ROOT, folder).startsWith('..')) throw new Error('The temporary folder lies inside this repository.')
try {
  await check()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`\n${steps.passed} passed, ${steps.failed} failed`)
process.exitCode = steps.failed === 0 && steps.passed > 0 ? 0 : 1

async function check(): Promise<void> {
  const [everyNode, compilers] = [await nodes(), await typescripts()]
  const { files, tarball } = await pack(folder)
  // What a stranger has: nothing, a site's types, drivers.
  const project = (name: string, packages?: readonly string[]) => makeProject(join(folder, name), tarball, packages)
  const [bare, typed, site, drivers, jest] = await Promise.all([
    project('javascript'),
    project('typescript', ['@types/node']),
    project('site', ['@types/node', ...packagesOf(quickStarts)]),
    project('drivers', ['pg', 'temporal-polyfill']),
    makeJestProject(join(folder, 'jest'), tarball),
  ])
  copyExamples(join(site, 'examples'), quickStarts)

  await checkContents(files, tarball, join(bare, 'node_modules', manifest.name))
  await checkEntries(bare, everyNode)
  await checkTooOldNodes(bare, await tooOldNodes())
  await checkOlderPeers(tarball)
  await checkTypes(typed, site, compilers)
  await checkModuleKinds(steps, { project: site, entries, compilers, everyNode })
  await checkJest(steps, jest, everyNode)
  await checkQuickStarts(site, everyNode)
  await checkDrivers({ without: bare, with: drivers }, everyNode)
  if (options.full) await runTests(everyNode)
}

async function checkContents(files: readonly string[], tarball: string, installed: string): Promise<void> {
  console.log(`\n${manifest.name}-${manifest.version}.tgz`)
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  )
  await steps.step('holds the documents and what is built, and nothing else', () => {
    expectNone('stray', strayFiles(files))
    expectNone('missing', missingFiles(files, sources))
    return `${files.length} files`
  })
  await steps.step('points at no source map', () => {
    expectNone(
      'with a map',
      files.filter((path) => /^\/\/# sourceMappingURL/m.test(readFileSync(join(installed, path), 'utf8'))),
    )
  })
  for (const { specifier, file } of entries) {
    await steps.step(`${specifier} needs no package that is not declared`, async () => {
      const reached = await reachedPackages(installed, file)
      expectNone('undeclared', undeclared(manifest, reached))
      return [...reached.atOnce, ...reached.later.map((name) => `${name} on use`)].join(', ') || 'nothing'
    })
  }
  await steps.step(`${manifest.name}/jwt needs nothing but Node`, async () => {
    const file = entries.find(({ specifier }) => specifier.endsWith('/jwt'))?.file ?? ''
    const { atOnce, later } = await reachedPackages(installed, file)
    expectNone(
      'foreign',
      [...atOnce, ...later].filter((name) => !name.startsWith('node:')),
    )
  })
  const tool = (name: string, path: string, ...parameters: string[]) =>
    steps.step(name, () => run(process.execPath, [join(ROOT, 'node_modules', path), ...parameters], { cwd: folder }))
  await tool('publint --strict', 'publint/src/cli.js', 'run', installed, '--pack', 'false', '--strict')
  await tool('attw --profile esm-only', '@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only')
}

async function checkEntries(project: string, everyNode: readonly Tool[]): Promise<void> {
  console.log('\nan empty JavaScript project, no driver installed')
  const programs = writeEntryPrograms(project, entries)
  for (const { name, path } of everyNode) {
    for (const [verb, program] of Object.entries(programs)) {
      await steps.step(`${name} ${verb} ${entries.length} entries, without a warning`, async () => {
        const { stdout, stderr } = await run(path, [program], { cwd: project })
        if (stderr !== '') throw new Error(stderr)
        return `${stdout.trim()} names`
      })
    }
  }
}

/** Each entry that needs nothing installed, and the command. */
async function checkTooOldNodes(project: string, tooOld: readonly Tool[]): Promise<void> {
  const sentence = `${manifest.name} needs Node.js 22.15 or later`
  const command = join(project, 'node_modules', manifest.name, 'dist/cli/main.js')
  for (const { name, path } of tooOld) {
    await steps.step(`${name} is told that it is too old, by every entry and the command`, async () => {
      const imports = entries.map(({ specifier }) => ['--input-type=module', '--eval', `import '${specifier}'`])
      for (const parameters of [...imports, [command, '--help']]) {
        const { stderr } = await failed(path, parameters, project)
        if (!stderr.includes(sentence)) throw new Error(`${parameters.at(-1)}: ${stderr}`)
      }
    })
  }
}

/** @throws when the program succeeds */
async function failed(path: string, parameters: readonly string[], cwd: string): Promise<{ stderr: string }> {
  const { status, stderr } = spawnSync(path, parameters, { cwd, encoding: 'utf8' })
  if (status === 0) throw new Error(`${parameters.at(-1)} succeeded`)
  return { stderr }
}

async function checkOlderPeers(tarball: string): Promise<void> {
  await steps.step('Express 4 and ioredis 5 are accepted as peers, and npm warns about nothing', async () => {
    const project = join(folder, 'older-peers')
    const warnings = await installBeside(project, tarball, ['express@4', 'ioredis@5'])
    if (warnings !== '') throw new Error(warnings)
  })
}

async function checkTypes(typed: string, site: string, compilers: readonly Tool[]): Promise<void> {
  console.log('\nTypeScript projects: strict, NodeNext, exactOptionalPropertyTypes, no skipLibCheck')
  const peers = Object.keys(manifest.peerDependencies ?? {})
  const withoutPeers = entries.filter(
    ({ specifier }) => !peers.some((peer) => specifier === `${manifest.name}/${peer}`),
  )
  writeTypeScript(typed, withoutPeers)
  writeTypeScript(site, entries)
  const tests = readdirSync(join(ROOT, 'test/types'))
  mkdirSync(join(site, 'types'))
  for (const test of tests) copyFileSync(join(ROOT, 'test/types', test), join(site, 'types', test))
  for (const { name, path } of compilers) {
    const compile = (project: string) => run(process.execPath, [path, '-p', project], { cwd: project })
    await steps.step(`${name}: ${withoutPeers.length} entries, nothing else installed`, () => compile(typed))
    const what = `${entries.length} entries, ${quickStarts.length} quick starts, ${tests.length} type tests with augmentations`
    await steps.step(`${name}: ${what}`, () => compile(site))
  }
}

async function checkQuickStarts(site: string, everyNode: readonly Tool[]): Promise<void> {
  console.log('\nthe quick starts, on a database that Django made')
  const folders = new Map([['as they are', join(site, 'examples')]])
  for (const format of ['esm', 'cjs'] as const) {
    const bundles = join(folder, `bundled-${format}`)
    for (const { name, file } of quickStarts) {
      await steps.step(`${name} is bundled, ${format}, the drivers absent`, async () => {
        const source = join(site, 'examples', name, file)
        return sizeOf(await bundle(source, join(bundles, name), basename(file, '.ts'), format))
      })
    }
    folders.set(`bundled, ${format}`, bundles)
  }
  for (const { name, path } of everyNode) {
    for (const [kind, examplesFolder] of folders) {
      await steps.step(`they work on ${name}, ${kind}`, () =>
        vitest(path, ['test/examples.slow.test.ts'], { BRIDGE_EXAMPLES: examplesFolder }),
      )
    }
  }
}

/** Whether drivers that are installed are found, and others named, by the package as it is and in bundles. */
async function checkDrivers(projects: Record<'without' | 'with', string>, everyNode: readonly Tool[]): Promise<void> {
  console.log('\ndrivers: pg, and temporal-polyfill for USE_TZ = False')
  for (const [kind, project] of Object.entries(projects)) {
    const program = writeDriverProgram(project)
    const bundled = kind === 'with' ? 'check: store_unavailable' : 'check: driver_missing'
    const expected = new Map([[program, kind === 'with' ? bundled : 'createBridge: driver_missing']])
    for (const format of ['esm', 'cjs'] as const satisfies BundleFormat[]) {
      expected.set(await bundle(program, join(folder, `drivers-${kind}`), 'program', format), bundled)
    }
    for (const { name, path } of everyNode) {
      for (const [file, outcome] of expected) {
        const what = file === program ? 'as it is' : `bundled, ${file.endsWith('cjs') ? 'cjs' : 'esm'}`
        await steps.step(`${kind} drivers, ${what}, ${name}`, async () => {
          const { stdout } = await run(path, [file], { cwd: folder })
          if (stdout.trim() !== `${outcome}, ${outcome}`) throw new Error(`expected ${outcome}, twice; got ${stdout}`)
          return outcome
        })
      }
    }
  }
}

async function runTests(everyNode: readonly Tool[]): Promise<void> {
  console.log('\nthe unit tests, and the contract tests on SQLite')
  for (const { name, path } of everyNode) await steps.step(name, () => vitest(path, []))
}

/** Runs test files of the project `unit` under a Node; a run in which nothing passed, or something was skipped, fails. */
async function vitest(node: string, parameters: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const report = join(folder, 'vitest.json')
  const script = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  await run(node, [script, 'run', '--project', 'unit', '--project', 'slow', ...reporters, ...parameters], {
    cwd: ROOT,
    env,
  })
  const { numPassedTests: passed, numTotalTests: total } = JSON.parse(readFileSync(report, 'utf8'))
  if (passed === 0 || passed !== total) throw new Error(`${passed} of ${total} tests passed`)
  return `${passed} tests`
}

/** What quick starts import, with the packages of its types. */
function packagesOf(list: readonly Example[]): string[] {
  const { devDependencies = {} } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const imported = new Set(list.flatMap(({ packages }) => packages))
  return [...imported].flatMap((name) => [name, `@types/${name}`].filter((one) => one in devDependencies))
}

function sizeOf(file: string): string {
  return `${Math.ceil(statSync(file).size / 1024)} KiB`
}

function expectNone(what: string, found: readonly string[]): void {
  if (found.length > 0) throw new Error(`${what}: ${found.join(', ')}`)
}
