import { describe, expect, it } from 'vitest';
import { majAtK, majAtKs, passAtK } from '../../../src/method/estimate.ts';
import { randomFrom, shuffle } from '../../../src/method/random.ts';
import { type Ties, type Voter, voteScore } from '../../../src/method/vote.ts';
import fc from '../../support/properties.ts';
import { mean, ordersOf, subsetsOf, votersUpTo } from './brute-force.ts';

/** The vote of one subset, counted anew. */
function voted(voters: readonly Voter[], ties: Ties): number {
  const weightOf = (id: number) =>
    voters.filter((voter) => voter.class === id).reduce((sum, { weight }) => sum + weight, 0);
  const ids = voters.flatMap(({ class: id }) => (id === null ? [] : [id]));
  const most = Math.max(0, ...ids.map(weightOf));
  const tied = [...new Set(ids)].filter((id) => most > 0 && weightOf(id) === most);
  if (tied.length === 0) return 0;
  const isRight = (id: number) => Number(voters.find((voter) => voter.class === id)!.right);
  return ties === 'first' ? isRight(tied[0]!) : mean(tied.map(isRight));
}

const bruteForce = (voters: readonly Voter[], k: number, ties: Ties) =>
  mean(subsetsOf(voters, k).map((subset) => voted(subset, ties)));

const weights = fc.constantFrom(0, 0.25, 0.5, 1);

describe.each<Ties>(['split', 'first'])('with ties %s', (ties) => {
  it.each([
    ['plain', votersUpTo(9)],
    ['weighted', votersUpTo(9, weights)],
  ])('is the mean vote of all k-subsets, %s', (_, voters) => {
    fc.assert(
      fc.property(voters, fc.nat(8), fc.integer(), (voters, place, seed) => {
        const k = 1 + (place % voters.length);
        const { value, standardError, exact } = majAtK(voters, k, { ties, seed });
        expect(value).toBeCloseTo(bruteForce(voters, k, ties), 12);
        expect({ standardError, exact }).toEqual({ standardError: 0, exact: true });
      }),
      { numRuns: 200 },
    );
  });

  it('is the vote of all at k = n', () => {
    fc.assert(
      fc.property(votersUpTo(40, weights), (voters) => {
        expect(majAtK(voters, voters.length, { ties, seed: 1 }).value).toBe(voteScore(voters, ties));
      }),
    );
  });

  it('does not depend on what classes are called', () => {
    fc.assert(
      fc.property(votersUpTo(9), fc.nat(8), (voters, place) => {
        const k = 1 + (place % voters.length);
        const renamed = voters.map((voter) => ({ ...voter, class: voter.class === null ? null : 99 - voter.class }));
        expect(majAtK(renamed, k, { ties, seed: 1 }).value).toBeCloseTo(majAtK(voters, k, { ties, seed: 1 }).value, 12);
      }),
    );
  });
});

describe('order of the samples', () => {
  it('does not matter where ties are split', () => {
    fc.assert(
      fc.property(votersUpTo(30), fc.nat(29), fc.integer(), (voters, place, seed) => {
        const k = 1 + (place % voters.length);
        const shuffled = shuffle(voters, randomFrom(seed));
        const value = majAtK(shuffled, k, { ties: 'split', seed }).value;
        expect(value).toBeCloseTo(majAtK(voters, k, { ties: 'split', seed }).value, 12);
      }),
    );
  });

  it('averages out to split ties where the first wins', () => {
    fc.assert(
      fc.property(votersUpTo(6), fc.nat(5), (voters, place) => {
        const k = 1 + (place % voters.length);
        const first = ordersOf(voters).map((order) => majAtK(order, k, { ties: 'first', seed: 1 }).value);
        expect(mean(first)).toBeCloseTo(majAtK(voters, k, { ties: 'split', seed: 1 }).value, 12);
      }),
      { numRuns: 25 },
    );
  });
});

/** 30 voters: 11 right, wrong ones of 9, 6 and 1, 3 abstentions. */
const sizes = [11, 9, 6, 1];
const thirty: Voter[] = [
  ...sizes.flatMap((size, id) => Array.from({ length: size }, () => ({ class: id, right: id === 0, weight: 1 }))),
  ...Array.from({ length: 3 }, () => ({ class: null, right: false, weight: 1 })),
];

it('has an honest standard error where only random subsets are affordable', () => {
  const { value: truth, exact } = majAtK(thirty, 12, { ties: 'split', seed: 0 });
  expect(exact).toBe(true);
  const doubled = thirty.map((voter) => ({ ...voter, weight: 2 })); // the same votes, but weighted ones are not counted exactly
  const errors = Array.from({ length: 120 }, (_, seed) => {
    const estimate = majAtK(doubled, 12, { ties: 'split', seed });
    expect(estimate.exact).toBe(false);
    return (estimate.value - truth) / estimate.standardError;
  });
  expect(Math.abs(mean(errors))).toBeLessThan(4 / Math.sqrt(120));
  expect(mean(errors.map((error) => error ** 2))).toBeGreaterThan(0.6);
  expect(mean(errors.map((error) => error ** 2))).toBeLessThan(1.5);
  expect(majAtK(doubled, 12, { ties: 'split', seed: 3 })).toEqual(majAtK(doubled, 12, { ties: 'split', seed: 3 }));
});

it('stays exact for a realistic many, and hands the unaffordable to random subsets', () => {
  const many = (n: number, size: number) =>
    Array.from({ length: n }, (_, place) => ({ class: Math.floor(place / size), right: place < size, weight: 1 }));
  for (let question = 0; question < 20; question++) {
    const { value, exact } = majAtK(many(128, 8), 64, { ties: 'split', seed: 1 }); // any of 16 like classes wins
    expect(value).toBeCloseTo(1 / 16, 10);
    expect(exact).toBe(true);
  }
  expect(majAtK(many(10_000, 5_000), 63, { ties: 'split', seed: 1 }).value).toBeCloseTo(0.5, 9);

  const unaffordable = majAtK(many(1_000, 3), 500, { ties: 'split', seed: 1 });
  expect(unaffordable.exact).toBe(false);
  expect(Math.abs(unaffordable.value - 1 / 334)).toBeLessThan(4 * unaffordable.standardError);
});

describe('majAtKs', () => {
  it('is maj@k of each k', () => {
    fc.assert(
      fc.property(
        votersUpTo(40),
        fc.array(fc.nat(39), { maxLength: 6 }),
        fc.constantFrom<Ties>('split', 'first'),
        (voters, places, ties) => {
          const ks = places.map((place) => 1 + (place % voters.length));
          const each = ks.map((k) => majAtK(voters, k, { ties, seed: 1 }));
          const together = majAtKs(voters, ks, { ties, seed: 1 });
          expect(together.map(({ exact, standardError }) => ({ exact, standardError }))).toEqual(
            each.map(({ exact, standardError }) => ({ exact, standardError })),
          );
          for (const [place, { value }] of together.entries()) expect(value).toBeCloseTo(each[place]!.value, 12);
        },
      ),
    );
  });

  it('holds its digits from the least k to the greatest, up to the most voters that share their work and beyond', () => {
    for (const n of [1_000, 1_001]) {
      const some = Array.from({ length: n }, (_, place) => ({
        class: place < 3 ? 0 : null,
        right: place < 3,
        weight: 1,
      }));
      const ks = [1, 2, 500, 998, 999];
      for (const [place, { value, exact }] of majAtKs(some, ks, { ties: 'split', seed: 1 }).entries()) {
        expect(exact).toBe(true);
        expect(value / passAtK({ correct: 3, total: n }, ks[place]!)).toBeCloseTo(1, 9); // any right one wins
      }
    }
  });

  it('hands only those k to random subsets that are unaffordable', () => {
    const voters = Array.from({ length: 999 }, (_, place) => ({
      class: Math.floor(place / 3),
      right: place < 3,
      weight: 1,
    }));
    const exact = majAtKs(voters, [1, 500], { ties: 'split', seed: 1 }).map(({ exact }) => exact);
    expect(exact).toEqual([true, false]);
  });
});

it('scores 0 where all abstain', () => {
  const silent = Array.from({ length: 4 }, () => ({ class: null, right: false, weight: 1 }));
  for (const ties of ['split', 'first'] as const) expect(majAtK(silent, 2, { ties, seed: 1 }).value).toBe(0);
});

it('refuses more than there are', () => {
  const refused = (voters: Voter[], k: number) => () => majAtK(voters, k, { ties: 'split', seed: 1 });
  expect(refused([], 1)).toThrow(new RangeError('k is 1, expected an integer from 1 to the 0 samples there are'));
  expect(refused(thirty, 31)).toThrow('k is 31, expected an integer from 1 to the 30 samples there are');
  expect(refused(thirty, 0)).toThrow(RangeError);
});
