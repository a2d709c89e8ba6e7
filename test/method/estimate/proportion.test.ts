import { expect, it } from 'vitest';
import { proportion } from '../../../src/method/estimate.ts';
import fc from '../../support/properties.ts';

it.each([
  // Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (Wilson).
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('of %i in %i is the published interval', (successes, n, low, high) => {
  const estimate = proportion(successes, n);
  expect(estimate.value).toBe(successes / n);
  expect(estimate.low).toBeCloseTo(low, 4);
  expect(estimate.high).toBeCloseTo(high, 4);
});

it('holds the share, within 0 and 1, and mirrors failures', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(5000), (successes, failures) => {
      fc.pre(successes + failures > 0);
      const { value, low, high, n } = proportion(successes, successes + failures);
      expect(0 <= low && low <= value! && value! <= high && high <= 1).toBe(true);
      const mirrored = proportion(failures, n);
      expect(mirrored.low).toBeCloseTo(1 - high, 12);
    }),
  );
});

it('says that nothing is known of nothing, and refuses what is no share', () => {
  expect(proportion(0, 0)).toEqual({ successes: 0, n: 0, value: null, low: 0, high: 1 });
  for (const [successes, n] of [
    [2, 1],
    [-1, 3],
    [0.5, 2],
    [Number.NaN, 2],
  ] as const)
    expect(() => proportion(successes, n)).toThrow(RangeError);
});
