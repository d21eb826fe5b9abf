/** The quick starts as one file each, by esbuild: what is not installed stays out and must not be needed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

export type BundleFormat = 'esm' | 'cjs'

/** CommonJS packages in a module ask for Node's own modules by `require`, which modules do not have. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** @returns the bundle's path */
export async function bundle(source: string, folder: string, name: string, format: BundleFormat): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`)
  const { warnings } = await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'silent',
    ...(format === 'esm' ? { banner: { js: REQUIRE } } : { logOverride: { 'empty-import-meta': 'silent' } }),
  })
  const complaints = warnings.map(({ text }) => text)
  if (complaints.length > 0) throw new Error(`esbuild warns: ${complaints.join('; ')}`)
  return outfile
}

/** A program that needs the drivers for PostgreSQL and for USE_TZ = False; prints how far it comes. */
export function writeDriverProgram(folder: string): string {
  const path = join(folder, 'drivers.mjs')
  writeFileSync(
    path,
    `import { createBridge } from 'django-session-bridge'
const site = { SECRET_KEY: 'a secret that is long enough for it', DEBUG: true }
const postgres = { ...site, DATABASES: { default: 'postgres://nobody@127.0.0.1:1/none' } }
const local = { ...postgres, USE_TZ: false, TIME_ZONE: 'Europe/Berlin' }
const outcomes = [postgres, local].map(async (settings) => {
  try {
    const bridge = createBridge(settings)
    return bridge.check().then(() => 'reached', (error) => 'check: ' + error.code)
  } catch (error) {
    return 'createBridge: ' + error.code
  }
})
Promise.all(outcomes).then((texts) => console.log(texts.join(', ')))
`,
  )
  return path
}
