import { defineConfig } from 'vitest/config'

/** Mutants change the modules of one process: tests that start others, or read the sources, cannot see them. */
const ELSEWHERE = [
  'test/{architecture,exports,package,fault-proxy,one-at-a-time}.test.ts',
  'test/**/*.slow.test.ts',
  'test/{bench,history,django-suite,databases,caches,files}/**',
]

/** Files that scripts/mutants.mjs names; all where it names none. */
const NAMED = (process.env.BRIDGE_MUTANT_TESTS ?? '').split(',').filter((name) => name !== '')

export default defineConfig({
  test: {
    include: NAMED.length > 0 ? NAMED : ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/**/*.live.test.ts', ...ELSEWHERE],
    testTimeout: 60_000,
  },
})
