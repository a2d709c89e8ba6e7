import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` needs nothing but Node and runs in seconds; `live` (files named *.live.test.ts) shares one real
 * Temporal server and the Python environment, set up once, and runs after it, one file at a time: its tests start
 * engines, trainers and workers that use every core.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.live.test.ts'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'live',
          include: ['test/**/*.live.test.ts'],
          globalSetup: ['test/support/setup.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
