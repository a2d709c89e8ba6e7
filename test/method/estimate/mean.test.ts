import { describe, expect, it } from 'vitest';
import { clusteredAccuracy, meanScore, proportion } from '../../../src/method/estimate.ts';
import { randomFrom } from '../../../src/method/random.ts';
import fc from '../../support/properties.ts';
import { mean } from './brute-force.ts';

describe('meanScore', () => {
  it('has an interval that holds the mean, repeats for a seed and stays within 0 and 1', () => {
    const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(scores, fc.integer(), (scores, seed) => {
        const estimate = meanScore(scores, seed);
        expect(estimate.n).toBe(scores.length);
        expect(estimate.value).toBeCloseTo(mean(scores), 12);
        expect(estimate.low).toBeLessThanOrEqual(estimate.value! + 1e-12);
        expect(estimate.high).toBeGreaterThanOrEqual(estimate.value! - 1e-12);
        expect(estimate.low >= 0 && estimate.high <= 1).toBe(true);
        expect(meanScore(scores, seed)).toEqual(estimate);
      }),
      { numRuns: 40 },
    );
  });

  it('is as wide as 1.96 standard errors to each side of many questions', () => {
    const random = randomFrom(2);
    const scores = Array.from({ length: 1_000 }, () => random.int(5) / 4);
    const { value, low, high } = meanScore(scores, 9);
    const error = Math.sqrt(mean(scores.map((score) => (score - value!) ** 2)) / 1_000);
    for (const reach of [high - value!, value! - low]) expect(Math.abs(reach / error - 1.96)).toBeLessThan(0.15);
  });

  it('is the same whatever means came before', () => {
    const scores = [0.1, 0.5, 0.7, 0.2];
    const others = [0.9, 0.1, 0.4, 0];
    const first = meanScore(scores, 5);
    expect(meanScore(scores, 5)).toEqual(first);
    expect(meanScore(others, 5)).not.toEqual(first);
    meanScore(scores, 6);
    meanScore([...scores, 1], 5);
    expect(meanScore(scores, 5)).toEqual(first);
  });

  it('is as wide for more questions than whose resamples are held at once', () => {
    const random = randomFrom(3);
    const scores = Array.from({ length: 10_001 }, () => random.int(2));
    const { value, low, high } = meanScore(scores, 9);
    for (const reach of [high - value!, value! - low]) expect(Math.abs(reach / 0.005 - 1.96)).toBeLessThan(0.15);
    expect(meanScore(scores, 9)).toEqual({ value, low, high, n: 10_001 });
  });

  it('has the 2.5th and the 97.5th percentile of all resamples where these can be enumerated', () => {
    // Of the 4 resamples of two questions one has mean 0 and one mean 1: each is more than 2.5 % of them.
    expect(meanScore([0, 1], 1)).toEqual({ value: 0.5, low: 0, high: 1, n: 2 });
    // Of 6 draws from five zeros and a one, (5/6)^6 = 33 % have no one; 4 or more have 0.9 %, 3 or more 6.2 %.
    expect(meanScore([0, 0, 1, 0, 0, 0], 1)).toMatchObject({ low: 0, high: 3 / 6 });
  });

  it('does not take equal scores for certainty', () => {
    const { low, high } = proportion(0, 20);
    expect(meanScore(new Array(20).fill(0), 1)).toEqual({ value: 0, low, high, n: 20 });
    const half = meanScore([0.5], 1);
    expect(half.value).toBe(0.5);
    expect(half.high - half.low).toBeGreaterThan(0.8);
  });

  it('stays within 0 and 1 for a mean next to either, which rounding passed', () => {
    expect(meanScore([1.9412249585574633e-13], 0)).toMatchObject({ low: 0 });
    for (const nearest of [Number.MIN_VALUE, 1e-300, 1e-17, 1e-16, 1e-15, 1e-12]) {
      for (const n of [1, 7, 20, 1_000]) {
        expect(meanScore(new Array(n).fill(nearest), 0).low).toBeGreaterThanOrEqual(0);
        expect(meanScore(new Array(n).fill(1 - nearest), 0).high).toBeLessThanOrEqual(1);
      }
    }
  });

  it('says that nothing is known of nothing, and refuses what is no score', () => {
    expect(meanScore([], 1)).toEqual({ value: null, low: 0, high: 1, n: 0 });
    expect(() => meanScore([1, -0.1], 1)).toThrow(new RangeError('score 1 is -0.1, expected a number from 0 to 1'));
    expect(() => meanScore([Number.NaN], 1)).toThrow('score 0 is NaN');
  });
});

describe('clusteredAccuracy', () => {
  it('counts each question the same, and leaves out those without a graded sample', () => {
    const questions = [
      { correct: 1, total: 1 },
      { correct: 0, total: 9 },
      { correct: 0, total: 0 },
    ];
    expect(clusteredAccuracy(questions, 1)).toMatchObject({ value: 0.5, n: 2 });
    expect(clusteredAccuracy([], 1)).toEqual({ value: null, low: 0, high: 1, n: 0 });
  });

  it('covers the truth about 95 times in 100 where samples of a question go together; pooled ones do not', () => {
    const random = randomFrom(4);
    const runs = 300;
    let covered = 0;
    let coveredPooled = 0;
    for (let run = 0; run < runs; run++) {
      const questions = Array.from({ length: 50 }, () => {
        const ability = random.next() < 0.3 ? 0.95 : random.next() * 0.5; // 0.46 on average
        const total = 4 + random.int(13);
        return { correct: Array.from({ length: total }).filter(() => random.next() < ability).length, total };
      });
      const covers = ({ low, high }: { low: number; high: number }) => low <= 0.46 && 0.46 <= high;
      const sum = (count: (rate: { correct: number; total: number }) => number) =>
        questions.reduce((total, question) => total + count(question), 0);
      if (covers(clusteredAccuracy(questions, run))) covered++;
      if (
        covers(
          proportion(
            sum(({ correct }) => correct),
            sum(({ total }) => total),
          ),
        )
      )
        coveredPooled++;
    }
    expect(covered / runs).toBeGreaterThan(0.91);
    expect(covered / runs).toBeLessThan(0.985);
    expect(coveredPooled / runs).toBeLessThan(0.75);
  });
});
