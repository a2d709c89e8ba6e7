import { defineConfig } from 'vitest/config';

/** npm run test:kubernetes: no part of the other tests, for Kubernetes is built from Go modules, and takes root and minutes. */
export default defineConfig({
  test: {
    include: ['test/kubernetes/*.ts'],
    exclude: ['test/kubernetes/vitest.config.ts'],
    globalSetup: ['test/support/setup.ts'],
    // All have one cluster.
    fileParallelism: false,
    isolate: false,
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
  },
});
