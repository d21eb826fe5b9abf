/** What a user installs; `npm run package:check` uses it as a stranger would. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  entriesOf,
  missingFiles,
  pack,
  ROOT,
  reachedPackages,
  readManifest,
  strayFiles,
  undeclared,
} from '../scripts/package/packed.ts'

const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  /\.ts$/.test(path),
)
const MANIFEST = readManifest()

test('S39: the package holds four documents and what is built from src, and nothing else', async () => {
  const { files } = await pack()
  expect(strayFiles(files)).toEqual([])
  expect(missingFiles(files, SOURCES)).toEqual([])
})

test('S39: what does not belong into the package is found, and what it lacks', () => {
  const strays = ['.env', 'src/index.ts', 'dist/index.js.map', 'dist/removed.js', 'dist/key.pem', 'dist/index.test.js']
  expect(strayFiles([...strays, 'README.md', 'dist/index.js', 'dist/jwt/verifier.d.ts'])).toEqual(strays)
  const complete = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']
  expect(missingFiles(complete, ['index.ts'])).toEqual([])
  expect(missingFiles(complete.slice(1, -1), ['index.ts'])).toEqual(['CHANGELOG.md', 'dist/index.d.ts'])
})

test('S39: the entry ./jwt, as it is built, needs nothing but node:crypto', async () => {
  expect(await reachedPackages(ROOT, 'dist/jwt/verifier.js')).toEqual({ atOnce: ['node:crypto'], later: [] })
})

test.each(entriesOf(MANIFEST))('S39: $specifier needs no package that is not declared', async ({ file }) => {
  expect(undeclared(MANIFEST, await reachedPackages(ROOT, file))).toEqual([])
})

test('S39: a package that is not declared is found, and an optional one that is needed at once', () => {
  const reached = { atOnce: ['node:crypto', 'node:leftpad', 'pg', 'zod'], later: ['pg', 'lodash', 'node:sqlite'] }
  expect(undeclared(MANIFEST, reached)).toEqual(['node:leftpad', 'pg', 'lodash'])
})
