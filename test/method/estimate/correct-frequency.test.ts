import { expect, it } from 'vitest';
import { reportFrequencies } from '../../../src/method/estimate.ts';
import fc from '../../support/properties.ts';
import { mean } from './brute-force.ts';

it('gives the triple and the curve', () => {
  const report = reportFrequencies(
    [
      { correct: 1, total: 4, vote: 0 },
      { correct: 4, total: 4, vote: 1 },
      { correct: 0, total: 4, vote: 0 },
      { correct: 1, total: 2, vote: 0.5 },
      { correct: 0, total: 0, vote: 0 },
    ],
    1,
  );
  expect(report.meanFrequency).toMatchObject({ value: 1.75 / 4, n: 4 });
  expect(report.lostByVote).toMatchObject({ value: 2.5 / 4, n: 4 });
  expect(report.neverSolved).toMatchObject({ successes: 1, n: 4 });
  expect(report.curve).toEqual([1, 0.5, 0.25, 0]);
});

it('holds for any questions, in any order', () => {
  const question = fc
    .record({ correct: fc.nat(8), wrong: fc.nat(8), vote: fc.constantFrom(0, 0.5, 1) })
    .map(({ correct, wrong, vote }) => ({ correct, total: correct + wrong, vote }));
  fc.assert(
    fc.property(fc.array(question, { minLength: 1, maxLength: 12 }), (questions) => {
      const report = reportFrequencies(questions, 1);
      const graded = questions.filter(({ total }) => total > 0);
      fc.pre(graded.length > 0);
      expect(report.meanFrequency.value).toBeCloseTo(mean(report.curve), 12);
      expect(report.lostByVote.value).toBeCloseTo(1 - mean(graded.map(({ vote }) => vote)), 12);
      expect(report.neverSolved.successes).toBe(report.curve.filter((frequency) => frequency === 0).length);
      expect(reportFrequencies(questions.toReversed(), 1).curve).toEqual(report.curve);
    }),
    { numRuns: 40 },
  );
});

it('says that nothing is known of nothing, and refuses what is no share', () => {
  expect(reportFrequencies([], 1)).toMatchObject({ meanFrequency: { value: null }, neverSolved: { value: null } });
  expect(() => reportFrequencies([{ correct: 3, total: 2, vote: 0 }], 1)).toThrow(RangeError);
  expect(() => reportFrequencies([{ correct: 1, total: 2, vote: 3 }], 1)).toThrow(RangeError);
});
