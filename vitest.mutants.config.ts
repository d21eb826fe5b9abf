import { defineConfig } from 'vitest/config'

/** Mutants change the modules of one process: tests that start others, or read the sources, cannot see them. */
const ELSEWHERE = [
  'test/{architecture,exports,package,examples,fault-proxy,one-at-a-time,unheard}.test.ts',
  'test/{bench,history,django-suite,databases,caches,files}/**',
]

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/**/*.live.test.ts', ...ELSEWHERE],
    testTimeout: 60_000,
  },
})
