import { defineConfig } from 'vitest/config';

/** npm run test:hosts: no part of the other tests, for it makes a network (root and iproute2, Linux) and takes minutes. */
export default defineConfig({
  test: {
    include: ['test/hosts/several-hosts.ts'],
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
});
