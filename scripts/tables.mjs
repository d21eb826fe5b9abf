/** `npm run table`: the tables that the last `npm test` proves. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const scripts = ['live-table.mjs', 'middleware-table.mjs']
let passed = 0
let failed = 0
for (const script of scripts) {
  const path = join(import.meta.dirname, script)
  const { stdout } = spawnSync(process.execPath, [path, ...process.argv.slice(2)], {
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  process.stdout.write(stdout)
  const [, good, bad] = /^(\d+) passed, (\d+) failed$/m.exec(String(stdout)) ?? ['', 0, 1]
  passed += Number(good)
  failed += Number(bad)
}
if (!process.argv.includes('--help')) {
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
