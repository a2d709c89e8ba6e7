import { defineConfig } from 'vitest/config';

/** npm run test:temporal-cluster: no part of the other tests, for it takes PostgreSQL, a server built from Go modules, and minutes. */
export default defineConfig({
  test: {
    include: ['test/temporal-cluster/survives.ts', 'test/temporal-cluster/tls.ts'],
    globalSetup: ['test/support/setup.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 900_000,
  },
});
