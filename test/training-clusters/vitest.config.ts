import { defineConfig } from 'vitest/config';

/** npm run test:training-clusters: no part of the other tests, for it takes Ray, Slurm of Debian, and minutes. */
export default defineConfig({
  test: {
    include: ['test/training-clusters/*.ts'],
    exclude: ['test/training-clusters/vitest.config.ts'],
    globalSetup: ['test/support/setup.ts'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 600_000,
  },
});
