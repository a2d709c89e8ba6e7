import { describe, expect, it } from 'vitest';
import { clusteredAccuracy, pairedScores } from '../../../src/method/estimate.ts';
import { startEvaluation } from '../../../src/method/evaluation.ts';
import type { Gate } from '../../../src/method/gates.ts';
import { summariseReviews } from '../../../src/method/supervision/reviews.ts';
import type { Draw, Plan, Scored } from '../../../src/method/supervision/scored.ts';
import { anAttempt } from '../../support/attempts.ts';
import fc from '../../support/properties.ts';
import { aDraw, anyScored, aPlan, aReview, aScored, asRunWith, finish } from './scored.ts';

function reviewsOf(questions: Scored[], plan: Partial<Plan>) {
  return finish(summariseReviews(questions, aPlan({ reviewers: ['critic'], gates: ['always'], ...plan })));
}

const of = (successes: number, n: number) => expect.objectContaining({ successes, n });

describe('on greedy responses', () => {
  /** One of each kind: what the response was, what the critic said, what the refinement was. */
  const letters = ['RcR', 'RwR', 'Rw1', '1wR', '-w1', '1cR', '1u2', '?w1', '1w?'];
  const questions = letters.map((each, place) => aScored(`${place}`, { greedy: aDraw(each) }));

  it('counts what every response came to where all are refined', () => {
    const [review] = reviewsOf(questions, {});
    expect(review).toMatchObject({ reviewer: 'critic', gate: 'always', on: 'greedy', critiques: 9 });
    expect(review).toMatchObject({
      verdicts: { correct: 2, wrong: 6, unparsed: 1 },
      before: of(3, 8),
      after: of(4, 8), // RcR, RwR, 1wR, 1cR; all but 1w?
      transitions: { c2c: 2, c2i: 1, i2c: 2, i2i: 2 },
      difference: expect.objectContaining({ difference: 1 / 7, n: 7 }),
      discriminability: of(4, 7), // RcR, 1wR, -w1, 1w?
      discriminabilityOnRight: of(1, 3),
      discriminabilityOnWrong: of(3, 4),
      strictDiscriminability: of(4, 8),
      unparsable: of(1, 8),
      helpfulness: of(2, 4), // 1wR, -w1, 1cR, 1u2
    });
  });

  it('counts the refinements that the gate lets be made', () => {
    const [verdict, oracle] = reviewsOf(questions, { gates: ['verdict', 'oracle'] });
    expect(verdict).toMatchObject({
      critiques: 9,
      before: of(3, 8),
      after: of(3, 8), // RcR, RwR, 1wR
      transitions: { c2c: 2, c2i: 1, i2c: 1, i2i: 3 },
      discriminability: of(4, 7),
      helpfulness: of(1, 2), // 1wR, -w1
    });
    expect(oracle).toMatchObject({
      critiques: 5,
      verdicts: { correct: 1, wrong: 3, unparsed: 1 },
      after: of(5, 7), // RcR, RwR, Rw1, 1wR, 1cR; the ungraded response stands
      transitions: { c2c: 3, c2i: 0, i2c: 2, i2i: 2 },
      discriminability: of(3, 4),
      discriminabilityOnRight: of(0, 0),
      helpfulness: of(2, 4),
    });
  });

  it('counts verdicts of critiques that are not refined yet, but no answers', () => {
    const [review] = reviewsOf([aScored('a', { greedy: aDraw('1w') }), aScored('b', { greedy: aDraw('R') })], {});
    expect(review).toMatchObject({ critiques: 1, discriminability: of(1, 1), before: of(0, 0), after: of(0, 0) });
    expect(review).toMatchObject({ helpfulness: of(0, 0), difference: { difference: null, n: 0 } });
  });

  it('is what startEvaluation counts in a run with the gate alone', () => {
    const gates = fc.constantFrom<Gate>('always', 'verdict', 'oracle');
    fc.assert(
      fc.property(fc.array(anyScored, { maxLength: 8 }), gates, (questions, gate) => {
        const evaluation = startEvaluation();
        for (const [place, { greedy }] of questions.map((each) => asRunWith(gate, each)).entries()) {
          const { critic } = greedy!.reviews;
          const refined = critic?.refinement?.outcome;
          evaluation.add(
            anAttempt({
              id: `${place}`,
              outcome: greedy!.outcome,
              ...(critic && { verdict: critic.verdict }),
              ...(refined && { refined }),
            }),
          );
        }
        const { accuracy, critic } = evaluation.summary();
        if (!critic) return;
        const { accuracy: after, outcomes: _, ...rest } = critic;
        expect(reviewsOf(questions, { gates: [gate] })[0]).toMatchObject({ before: accuracy, after, ...rest });
      }),
    );
  });
});

describe('on samples', () => {
  it('gives each question a share of its own', () => {
    const draws = (...letters: string[]) => letters.map((each) => aDraw(each));
    const questions = [
      aScored('a', { samples: draws('RcR', 'Rw1', '1wR', '1cR', 'RwR') }),
      aScored('b', { samples: draws('1w2', '1u2', '?wR', '1wR') }),
      aScored('c', { samples: draws('RcR', 'R') }),
    ];
    const reviews = reviewsOf(questions, { samples: 5, reviewed: 4, seed: 3 });
    expect(reviews.map(({ on }) => on)).toEqual(['greedy', 'samples']);
    const rates = (...of: [number, number][]) =>
      clusteredAccuracy(
        of.map(([correct, total]) => ({ correct, total })),
        3,
      );
    expect(reviews[1]).toEqual({
      reviewer: 'critic',
      gate: 'always',
      on: 'samples',
      critiques: 9,
      verdicts: { correct: 3, wrong: 5, unparsed: 1 },
      before: rates([2, 4], [0, 3]), // one of c is unknown
      after: rates([3, 4], [2, 4]),
      difference: pairedScores([2 / 4, 0], [3 / 4, 1 / 3], 3),
      discriminability: rates([2, 4], [2, 2], [1, 1]),
      discriminabilityOnRight: rates([1, 2], [1, 1]),
      discriminabilityOnWrong: rates([1, 2], [2, 2]),
      strictDiscriminability: rates([2, 4], [2, 3], [1, 1]),
      unparsable: rates([0, 4], [1, 3], [0, 1]),
      helpfulness: rates([2, 2], [1, 3]),
      transitions: { c2c: 1, c2i: 1, i2c: 3, i2i: 2 },
      firstWrongStep: rates(),
    });
  });
});

it('counts the first wrong steps that are named, of wrong responses where the truth is known', () => {
  const named = (letters: string, truth: number | null, says: number | null): Draw =>
    aDraw(letters, { firstWrongStep: truth, reviews: { critic: aReview(letters.slice(1), { firstWrongStep: says }) } });
  const greedy = [
    named('1wR', 2, 2),
    named('1wR', 2, 3),
    named('1cR', 1, null),
    named('1uR', 1, 1),
    named('1wR', null, 1),
    named('RwR', 1, 1),
    named('?wR', 1, 1),
    aDraw('1', { firstWrongStep: 1 }),
  ];
  const questions = greedy.map((each, place) => aScored(`${place}`, { greedy: each }));
  expect(reviewsOf(questions, {})[0]?.firstWrongStep).toEqual(of(1, 3));
});

it('is of each reviewer under each gate, and empty of nothing', () => {
  const reviews = reviewsOf([], {
    reviewers: ['critic', 'self'],
    gates: ['always', 'oracle'],
    samples: 2,
    reviewed: 2,
  });
  expect(reviews.map(({ reviewer, gate, on }) => `${reviewer} ${gate} ${on}`)).toEqual([
    'critic always greedy',
    'critic always samples',
    'critic oracle greedy',
    'critic oracle samples',
    'self always greedy',
    'self always samples',
    'self oracle greedy',
    'self oracle samples',
  ]);
  for (const { critiques, before, helpfulness } of reviews)
    expect([critiques, before.value, before.n, helpfulness.value]).toEqual([0, null, 0, null]);
});
