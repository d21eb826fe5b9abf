/** Jest, which loads modules in its own way: tests in ESM and in CommonJS use the package. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installBeside } from './consumers.ts'
import { run, type Steps } from './steps.ts'
import type { Tool } from './toolchain.ts'

const NAMES = {
  'django-session-bridge': 'createBridge',
  'django-session-bridge/testing': 'testSession',
  'django-session-bridge/express': 'djangoSessions',
  'django-session-bridge/jwt': 'createJwtVerifier',
}

const TEST = `
test('a handler knows who the visitor is', async () => {
  const site = await testSession({ user: { username: 'ada' } })
  const request = { method: 'GET', url: '/', headers: { cookie: site.cookie }, secure: true }
  expect((await site.bridge.open(request).user()).username).toBe('ada')
  for (const one of [createBridge, djangoSessions, createJwtVerifier]) expect(typeof one).toBe('function')
})
`

/** The Nodes on which Jest can require a module, from its own messages. */
const REQUIRES_MODULES = [24, 9] as const

/** Jest is not among this repository's packages: it takes the newest 30. */
export async function makeJestProject(folder: string, tarball: string): Promise<string> {
  await installBeside(folder, tarball, ['jest@30', 'express@5'])
  return folder
}

export async function checkJest(steps: Steps, project: string, everyNode: readonly Tool[]): Promise<void> {
  console.log('\nJest 30, with NODE_OPTIONS=--experimental-vm-modules')
  const lines = (line: (name: string, specifier: string) => string): string =>
    Object.entries(NAMES)
      .map(([specifier, name]) => line(name, specifier))
      .join('\n')
  const tests = {
    'esm.test.mjs': lines((name, specifier) => `import { ${name} } from '${specifier}'`) + TEST,
    'commonjs.test.cjs': lines((name, specifier) => `const { ${name} } = require('${specifier}')`) + TEST,
  }
  const config = { testMatch: ['**/*.test.?(m|c)js'], transform: {} }
  writeFileSync(join(project, 'jest.config.json'), JSON.stringify(config))
  for (const [file, text] of Object.entries(tests)) writeFileSync(join(project, file), text)
  const jest = join(project, 'node_modules/jest/bin/jest.js')
  for (const { name, path } of everyNode) {
    for (const file of Object.keys(tests)) {
      if (file.includes('commonjs') && !canRequireModules(name)) continue
      await steps.step(`${name}: ${file}`, async () => {
        const options = ['--experimental-vm-modules', '--no-warnings']
        const { stderr } = await run(path, [...options, jest, '--config', 'jest.config.json', file], { cwd: project })
        if (!/Tests: +1 passed, 1 total/.test(stderr)) throw new Error(stderr)
      })
    }
  }
}

function canRequireModules(node: string): boolean {
  const [major = 0, minor = 0] = node.replace('Node ', '').split('.').map(Number)
  return major > REQUIRES_MODULES[0] || (major === REQUIRES_MODULES[0] && minor >= REQUIRES_MODULES[1])
}
