/** The oldest Node and the other TypeScript that the package is for, each in a folder of its own under .cache/. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './packed.ts'
import { run } from './steps.ts'

/** `engines` of package.json, to the patch. */
const OLDEST_NODE = '22.15.0'
const TOO_OLD_NODES = ['20.18.0', '22.14.0']
const OLDER_TYPESCRIPT = '5.9'

export interface Tool {
  readonly name: string
  readonly path: string
}

/** This Node and the oldest. */
export async function nodes(): Promise<Tool[]> {
  const oldest = await installed('node', OLDEST_NODE, 'bin/node')
  return [
    { name: `Node ${OLDEST_NODE}`, path: oldest },
    { name: `Node ${process.versions.node}`, path: process.execPath },
  ]
}

/** What people have who did not read `engines`. */
export async function tooOldNodes(): Promise<Tool[]> {
  return Promise.all(
    TOO_OLD_NODES.map(async (version) => {
      return { name: `Node ${version}`, path: await installed('node', version, 'bin/node') }
    }),
  )
}

/** The compilers' scripts, to be run by Node. */
export async function typescripts(): Promise<Tool[]> {
  const older = await installed('typescript', OLDER_TYPESCRIPT, 'bin/tsc')
  const own = join(ROOT, 'node_modules/typescript/bin/tsc')
  return Promise.all(
    [older, own].map(async (path) => {
      const { stdout } = await run(process.execPath, [path, '--version'], { cwd: ROOT })
      return { name: `TypeScript ${stdout.replace('Version', '').trim()}`, path }
    }),
  )
}

async function installed(name: string, version: string, file: string): Promise<string> {
  const folder = join(ROOT, '.cache', `${name}-${version}`)
  const path = join(folder, 'node_modules', name, file)
  if (existsSync(path)) return path
  console.log(`fetching ${name} ${version}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { [name]: true } }))
  // The package `node` fetches its binary by an install script.
  const parameters = ['--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...parameters, `${name}@${version}`], { cwd: folder })
  return path
}
