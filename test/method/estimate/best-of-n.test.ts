import { expect, it } from 'vitest';
import { bestOfN } from '../../../src/method/estimate.ts';
import fc from '../../support/properties.ts';
import { mean, ordersOf, subsetsOf } from './brute-force.ts';

interface Response {
  right: boolean;
  accepted: boolean;
}

const responsesUpTo = (maxLength: number) =>
  fc.array(fc.record({ right: fc.boolean(), accepted: fc.boolean() }), { minLength: 1, maxLength });

/** What may be chosen of a subset. */
const choices = (subset: Response[]) =>
  subset.some(({ accepted }) => accepted) ? subset.filter(({ accepted }) => accepted) : subset;

it('is the mean over all k-subsets of the right share of what may be chosen', () => {
  fc.assert(
    fc.property(responsesUpTo(9), fc.nat(8), (responses, place) => {
      const k = 1 + (place % responses.length);
      const rightShare = (subset: Response[]) => mean(choices(subset).map(({ right }) => Number(right)));
      expect(bestOfN(responses, k)).toBeCloseTo(mean(subsetsOf(responses, k).map(rightShare)), 12);
      expect(bestOfN(responses.toReversed(), k)).toBe(bestOfN(responses, k));
    }),
  );
});

it('is also what taking the first accepted one gives over all orders', () => {
  fc.assert(
    fc.property(responsesUpTo(6), fc.nat(5), (responses, place) => {
      const k = 1 + (place % responses.length);
      const first = ordersOf(responses).map((order) => Number(choices(order.slice(0, k))[0]!.right));
      expect(bestOfN(responses, k)).toBeCloseTo(mean(first), 12);
    }),
    { numRuns: 25 },
  );
});

it('is the accuracy at k = 1 and where the critic says nothing, and pass@k where it is always right', () => {
  const one = (right: boolean, accepted: boolean) => ({ right, accepted });
  const blind = [one(true, false), one(false, false), one(false, false), one(false, false)];
  const oracle = [one(true, true), one(false, false), one(false, false), one(false, false)];
  expect(bestOfN(blind, 3)).toBeCloseTo(0.25, 12);
  expect(bestOfN(oracle, 1)).toBeCloseTo(0.25, 12);
  expect(bestOfN(oracle, 3)).toBeCloseTo(0.75, 12);
  expect(bestOfN([one(true, true)], 1)).toBe(1);
});

it('refuses more than there are', () => {
  expect(() => bestOfN([], 1)).toThrow(new RangeError('k is 1, expected an integer from 1 to the 0 samples there are'));
  expect(() => bestOfN([{ right: true, accepted: true }], 2)).toThrow('k is 2');
});
