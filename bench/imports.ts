/** The processor's time that importing each entry takes in a fresh process, beside node:http alone and the packages used with it. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { BenchGroup } from './groups.ts'
import { type Contestant, MILLISECONDS } from './rounds.ts'

const ROOT = resolve(import.meta.dirname, '..')
const OTHERS = ['express', 'pg', 'zod', 'fast-jwt', 'jsonwebtoken', 'jose']

export const importGroup: BenchGroup = async () => {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string
    exports: Record<string, unknown>
  }
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json')
  const specifiers = ['node:http', ...entries.map((entry) => name + entry.slice(1)), ...OTHERS]
  return [
    {
      title: 'import in a fresh process',
      contestants: specifiers.map(importing),
      unit: MILLISECONDS,
      ratio: 'time over that of node:http',
      runs: 1,
    },
  ]
}

function importing(specifier: string): Contestant {
  const code = `const start = process.cpuUsage(); await import('${specifier}'); console.log(JSON.stringify(process.cpuUsage(start)))`
  return {
    name: specifier,
    async measure() {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: ROOT })
      const { user, system } = JSON.parse(stdout) as NodeJS.CpuUsage
      return (user + system) * 1000
    },
  }
}

const run = promisify(execFile)
