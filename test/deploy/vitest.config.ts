import { defineConfig } from 'vitest/config';

/** npm run test:deploy: no part of the other tests, for it builds Helm from Go modules and installs npm packages anew. */
export default defineConfig({
  test: {
    include: ['test/deploy/*.checks.ts'],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
