import { defineConfig } from 'vitest/config';

/** npm run test:same-rows: no part of the other tests, for it takes Ray, Slurm, PostgreSQL, Go, and half an hour. */
export default defineConfig({
  test: {
    include: ['test/same-rows/same-rows.ts'],
    globalSetup: ['test/support/setup.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
  },
});
