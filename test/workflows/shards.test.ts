import { expect, it } from 'vitest';
import { cutShards } from '../../src/workflows/shards.ts';

it.each([
  [10, undefined, 1],
  [99, undefined, 1],
  [100, undefined, 2],
  [100_000, undefined, 8],
  [100_000, 64, 64],
  [1000, 64, 20],
  [100_000, 1, 1],
])('%i questions in shards of at most %s are %i', (n, most, count) => {
  const shards = cutShards(n, most);
  expect(shards).toHaveLength(count);
  expect(shards[0]!.from).toBe(0);
  expect(shards.at(-1)!.to).toBe(n);
  for (const [i, { from, to }] of shards.entries()) {
    expect(to - from).toBeGreaterThanOrEqual(Math.floor(n / count));
    expect(to - from).toBeLessThanOrEqual(Math.ceil(n / count));
    if (i > 0) expect(from).toBe(shards[i - 1]!.to);
  }
});
