import { defineConfig } from 'vitest/config';

/** npm run test:observability: no part of the other tests, for it takes Prometheus (Debian: apt install prometheus) and minutes. */
export default defineConfig({
  test: {
    include: ['test/observability/dashboard.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
