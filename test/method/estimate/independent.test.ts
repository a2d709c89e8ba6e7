import { expect, it } from 'vitest';
import { independentDifference, proportion } from '../../../src/method/estimate.ts';
import fc from '../../support/properties.ts';

/** Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10: a/m - b/n. */
it.each([
  { after: [56, 70], before: [48, 80], low: 0.0524, high: 0.3339 },
  { after: [9, 10], before: [3, 10], low: 0.1705, high: 0.809 },
  { after: [5, 56], before: [0, 29], low: -0.0381, high: 0.1926 },
  { after: [0, 10], before: [0, 20], low: -0.1611, high: 0.2775 },
  { after: [10, 10], before: [0, 20], low: 0.6791, high: 1 },
] as const)('is Newcombe\u2019s interval for $after against $before', ({ after, before, low, high }) => {
  const { difference, ...found } = independentDifference(
    proportion(before[0], before[1]),
    proportion(after[0], after[1]),
  );
  expect(difference).toBeCloseTo(after[0] / after[1] - before[0] / before[1], 12);
  expect(found.low).toBeCloseTo(low, 4);
  expect(found.high).toBeCloseTo(high, 4);
  expect(found.n).toBe(after[1] + before[1]);
});

it('has none where one of them is of nothing', () => {
  expect(independentDifference(proportion(0, 0), proportion(3, 4))).toEqual({
    difference: null,
    low: -1,
    high: 1,
    n: 4,
  });
});

it('holds the difference, and is its mirror image the other way round', () => {
  const share = fc.nat({ max: 60 }).chain((n) => fc.nat({ max: n }).map((right) => proportion(right, n)));
  fc.assert(
    fc.property(share, share, (before, after) => {
      const there = independentDifference(before, after);
      const back = independentDifference(after, before);
      fc.pre(there.difference !== null);
      expect(there.low).toBeLessThanOrEqual(there.difference!);
      expect(there.high).toBeGreaterThanOrEqual(there.difference!);
      expect(back.low).toBeCloseTo(-there.high, 12);
      expect(back.high).toBeCloseTo(-there.low, 12);
    }),
  );
});
