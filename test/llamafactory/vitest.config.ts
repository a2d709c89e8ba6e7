import { defineConfig } from 'vitest/config';

/** npm run test:llamafactory: no part of the other tests, for it takes an environment of its own (7 GB) and minutes. */
export default defineConfig({
  test: {
    include: ['test/llamafactory/fine-tune.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
