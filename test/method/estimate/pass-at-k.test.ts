import { expect, it } from 'vitest';
import { passAtK } from '../../../src/method/estimate.ts';
import fc from '../../support/properties.ts';
import { mean, subsetsOf } from './brute-force.ts';

it('is the share of all k-subsets that hold a right sample', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), fc.nat(8), (samples, place) => {
      const k = 1 + (place % samples.length);
      const expected = mean(subsetsOf(samples, k).map((subset) => Number(subset.includes(true))));
      expect(passAtK({ correct: samples.filter(Boolean).length, total: samples.length }, k)).toBeCloseTo(expected, 12);
    }),
  );
});

/** 1 - C(n - c, k) / C(n, k) in whole numbers, to 30 decimal places. */
function exactly(n: number, c: number, k: number): number {
  let missed = 1n;
  let all = 1n;
  for (let drawn = 0; drawn < k; drawn++) {
    missed *= BigInt(n - c - drawn);
    all *= BigInt(n - drawn);
  }
  return Number(((all - missed) * 10n ** 30n) / all) / 1e30;
}

it.each([
  [10_000, 1, 1],
  [10_000, 1, 9_999],
  [10_000, 3, 2],
  [10_000, 5_000, 10],
  [10_000, 9_990, 10],
  [1_000, 17, 500],
  [128, 1, 64],
])('holds 10 digits for %i samples, %i right, k = %i', (n, c, k) => {
  expect(passAtK({ correct: c, total: n }, k) / exactly(n, c, k)).toBeCloseTo(1, 10);
});

it('is 0 of none right, 1 where fewer than k are wrong, and the accuracy at k = 1', () => {
  expect(passAtK({ correct: 0, total: 5 }, 5)).toBe(0);
  expect(passAtK({ correct: 1, total: 5 }, 5)).toBe(1);
  for (const k of [1, 5_000, 10_000]) expect(passAtK({ correct: 10_000, total: 10_000 }, k)).toBe(1);
  expect(passAtK({ correct: 3, total: 8 }, 1)).toBeCloseTo(3 / 8, 14);
});

it.each([
  [{ correct: 0, total: 0 }, 1, 'k is 1, expected an integer from 1 to the 0 samples there are'],
  [{ correct: 1, total: 4 }, 5, 'k is 5, expected an integer from 1 to the 4 samples there are'],
  [{ correct: 1, total: 4 }, 0, 'k is 0'],
  [{ correct: 1, total: 4 }, 1.5, 'k is 1.5'],
  [{ correct: 5, total: 4 }, 1, 'correct is 5, expected an integer from 0 to the 4 samples there are'],
  [{ correct: 0.5, total: 4 }, 1, 'correct is 0.5'],
  [{ correct: 0, total: Number.NaN }, 1, 'n is NaN'],
])('refuses %o at k = %d', (rate, k, message) => {
  const refused = () => passAtK(rate, k);
  expect(refused).toThrow(RangeError);
  expect(refused).toThrow(message);
});
