import { defineConfig } from 'vitest/config'

const LIVE = ['test/interop/**/*.test.ts', 'test/**/*.live.test.ts']

export default defineConfig({
  test: {
    projects: [
      // No test is about time: what hangs ends, and a busy machine fails nothing.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: LIVE, testTimeout: 60_000 } },
      {
        test: {
          name: 'live',
          include: LIVE,
          globalSetup: 'test/servers.ts',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
