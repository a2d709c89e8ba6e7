import { describe, expect, it } from 'vitest';
import { meanScore, proportion } from '../../../src/method/estimate.ts';
import type { Plan, Scored } from '../../../src/method/supervision/scored.ts';
import type { Rates } from '../../../src/method/supervision/spending.ts';
import { keyOf, strategies } from '../../../src/method/supervision/strategies.ts';
import { summarise } from '../../../src/method/supervision/summarise.ts';
import fc from '../../support/properties.ts';
import { aDraw, anyScored, aPlan, aReview, aScored, finish } from './scored.ts';

const summaryOf = (questions: Scored[], plan: Plan, rates: Rates = {}) => finish(summarise(questions, plan, rates));
const draws = (...letters: string[]) => letters.map((each) => aDraw(each));

const PLAN = aPlan({
  seed: 3,
  samples: 4,
  reviewed: 2,
  ks: [1, 2, 4],
  gates: ['always', 'verdict', 'oracle'],
  reviewers: ['critic', 'self'],
  rounds: 2,
});

describe('measures', () => {
  const plan = aPlan({ seed: 3, samples: 2, reviewed: 2, ks: [2], gates: ['verdict'], reviewers: ['critic'] });
  const questions = [
    aScored('a', { greedy: aDraw('1wR'), samples: draws('1wR', 'RcR') }),
    aScored('b', { greedy: aDraw('RcR'), samples: draws('1w2', 'RcR') }),
    aScored('c', { greedy: aDraw('1w2'), samples: draws('1w2', '1w2') }),
    aScored('d', { greedy: aDraw('?') }),
  ];
  const rates: Rates = {
    greedy: { secondsPerToken: 1, dollars: null },
    samples: { secondsPerToken: 2, dollars: null },
    'critic critique': { secondsPerToken: 10, dollars: { prompt: 1, completion: 100 } },
  };
  const summary = summaryOf(questions, plan, rates);
  const measureOf = (key: string) => summary.measures.find((each) => keyOf(each) === key)!;

  it('are of every strategy of the plan', () => {
    expect(summary.questions).toBe(4);
    expect(summary.measures.map(keyOf)).toEqual(strategies(plan).map(keyOf));
  });

  it('of greedy answers are proportions, all others means of one score per question', () => {
    expect(measureOf('greedy').score).toEqual(proportion(1, 3));
    expect(measureOf('greedy critic verdict').score).toEqual(proportion(2, 3));
    expect(measureOf('maj@2').score).toEqual(meanScore([1 / 2, 1 / 2, 0], 3));
    expect(measureOf('maj@2 critic verdict').score).toEqual(meanScore([1, 1 / 2, 0], 3));
    expect(measureOf('pass@2 critic verdict').score).toEqual(meanScore([1, 1, 0], 3));
    expect(measureOf('sampled critic verdict').score).toEqual(meanScore([1, 1 / 2, 0], 3));
  });

  it('cost what their questions take on average', () => {
    expect(measureOf('greedy').use).toEqual({
      generations: 1,
      promptTokens: 10,
      completionTokens: 5,
      seconds: 5,
      cost: null,
    });
    // In three questions six responses, six critiques and four refinements.
    expect(measureOf('maj@2 critic verdict').use).toEqual({
      generations: expect.closeTo(16 / 3, 12),
      promptTokens: expect.closeTo((6 * 10 + 6 * 20 + 4 * 30) / 3, 12),
      completionTokens: expect.closeTo((6 * 5 + 6 * 7 + 4 * 6) / 3, 12),
      seconds: expect.closeTo((6 * 5 * 2 + 6 * 7 * 10) / 3, 12),
      cost: expect.closeTo((6 * 20 + 6 * 700) / 3, 12),
    });
  });
});

describe('levels', () => {
  const questions = [
    aScored('a', { level: 1, greedy: aDraw('1wR'), samples: draws('R', 'R', 'R', 'R') }),
    aScored('b', { level: 1, greedy: aDraw('RcR'), samples: draws('1', 'R', '?', 'R') }),
    aScored('c', { level: 4, greedy: aDraw('1') }),
    aScored('d', { greedy: aDraw('RwR'), samples: draws('R', 'R', 'R', 'R', '1', '1', '1') }),
  ];
  const plan = aPlan({ samples: 4, gates: ['always'], reviewers: ['critic'] });
  const reviewer = { reviewer: 'critic', gate: 'always' };

  it('are of the dataset and of the pass rate of the graded samples, in greedy answers', () => {
    expect(summaryOf(questions, plan).levels).toEqual([
      {
        by: 'dataset',
        levels: [
          {
            level: 1,
            questions: 2,
            responseOnly: proportion(1, 2),
            reviewed: [
              {
                ...reviewer,
                score: proportion(2, 2),
                difference: expect.objectContaining({ difference: 1 / 2, n: 2 }),
              },
            ],
          },
          {
            level: 4,
            questions: 1,
            responseOnly: proportion(0, 1),
            reviewed: [{ ...reviewer, score: proportion(0, 0), difference: expect.objectContaining({ n: 0 }) }],
          },
        ],
      },
      {
        by: 'pass rate',
        levels: [
          {
            level: 1,
            questions: 2,
            responseOnly: proportion(1, 2),
            reviewed: [
              {
                ...reviewer,
                score: proportion(2, 2),
                difference: expect.objectContaining({ difference: 1 / 2, n: 2 }),
              },
            ],
          },
          {
            level: 2, // 2 of 3 graded samples
            questions: 1,
            responseOnly: proportion(1, 1),
            reviewed: [
              { ...reviewer, score: proportion(1, 1), difference: expect.objectContaining({ difference: 0, n: 1 }) },
            ],
          },
        ],
      },
    ]);
  });

  it('are left out where no question has one', () => {
    expect(summaryOf([aScored('a', { greedy: aDraw('R') })], plan).levels).toEqual([]);
  });
});

describe('votes', () => {
  const questions = [
    aScored('a', { samples: draws('1wR', '1wR', 'RcR', 'R') }),
    aScored('b', { samples: draws('1w2', '?wR', 'RcR', 'R') }),
    aScored('c', { samples: draws('1w2', '1cR', '2w1', 'R') }),
    aScored('d', { samples: draws('?w?', '?c?', '?c?', 'R') }),
  ];

  it('say how often questions are answered right, and what the vote loses, over the first K', () => {
    const plan = aPlan({ seed: 2, samples: 4, reviewed: 3, ks: [1], gates: ['verdict'], reviewers: ['critic'] });
    const votes = summaryOf(questions, plan).votes;
    expect(votes).toEqual([
      {
        reviewer: null,
        gate: null,
        k: 3,
        meanFrequency: meanScore([1 / 3, 1 / 2, 0], 2),
        lostByVote: meanScore([1, 1 / 2, 1], 2),
        neverSolved: proportion(1, 3),
        curve: [1 / 2, 1 / 3, 0],
      },
      {
        reviewer: 'critic',
        gate: 'verdict',
        k: 3,
        meanFrequency: meanScore([1, 2 / 3, 0], 2), // R R R; 2 R R; 2 1 1
        lostByVote: meanScore([0, 0, 1], 2),
        neverSolved: proportion(1, 3),
        curve: [1, 2 / 3, 0],
      },
    ]);
  });

  it('are over all samples where nobody reviews', () => {
    const [vote, ...others] = summaryOf(questions, aPlan({ samples: 4, ks: [1] })).votes;
    expect(vote).toMatchObject({ reviewer: null, gate: null, k: 4, curve: [2 / 3, 1 / 2, 1, 1 / 4].sort().reverse() });
    expect(others).toEqual([]);
  });
});

describe('summarise', () => {
  it('is of nothing where there is nothing', () => {
    for (const questions of [[], [aScored('a'), aScored('b')]]) {
      const summary = summaryOf(questions, PLAN);
      expect(summary.measures.map(keyOf)).toEqual(strategies(PLAN).map(keyOf));
      for (const { score, use } of summary.measures)
        expect([score, use]).toEqual([
          expect.objectContaining({ value: null, n: 0 }),
          { generations: 0, promptTokens: 0, completionTokens: 0, seconds: 0, cost: null },
        ]);
      for (const { difference } of summary.comparisons) expect(difference?.n ?? 0).toBe(0);
      expect(summary.levels).toEqual([]);
      for (const { curve, meanFrequency } of summary.votes) expect([curve, meanFrequency.n]).toEqual([[], 0]);
    }
    expect(summaryOf([], aPlan())).toMatchObject({ questions: 0, comparisons: [], reviews: [], levels: [], votes: [] });
  });

  it('says of a stopped run what is known', () => {
    const stopped = [
      aScored('a', { greedy: aDraw('1wR'), samples: draws('1wR', 'RcR') }),
      aScored('b', { greedy: aDraw('1w'), samples: draws('R') }),
      aScored('c', { greedy: aDraw('1') }),
      aScored('d'),
    ];
    const { measures } = summaryOf(stopped, { ...PLAN, reviewers: ['critic'] });
    const known = Object.fromEntries(measures.map((each) => [keyOf(each), each.score.n]));
    expect(known).toMatchObject({
      greedy: 3,
      'greedy critic always': 1,
      sampled: 2,
      'maj@1': 2,
      'maj@2': 1,
      'maj@4': 0,
      'maj@2 critic verdict': 1,
      'best@1 critic': 1,
      'sequential-vote@1 critic always': 0,
    });
  });

  it('yields often, and gives the same for the same', () => {
    fc.assert(
      fc.property(fc.array(anyScored, { minLength: 1, maxLength: 4 }), (some) => {
        const questions = some.map((question, place) => ({ ...question, id: `${place}` }));
        const summary = summaryOf(questions, PLAN);
        expect(summaryOf(questions, PLAN)).toEqual(summary);
        for (const { score } of summary.measures) expect(score.low <= score.value! || score.value === null).toBe(true);
      }),
      { numRuns: 5 },
    );
    const many = Array.from({ length: 320 }, (_, place) => aScored(`${place}`, { greedy: aDraw('R') }));
    expect([...summarise(many, aPlan(), {})].length).toBeGreaterThanOrEqual(10);
  });

  it('reads chains of reviews as deep as they go', () => {
    const question = aScored('a', { samples: [aDraw('1')], chain: [aReview('wR'), aReview('w1')] });
    const { measures } = summaryOf(
      [question],
      aPlan({ samples: 1, gates: ['always'], reviewers: ['critic'], rounds: 2 }),
    );
    const { score, use } = measures.find((each) => keyOf(each) === 'sequential-vote@2 critic always')!;
    expect([score.value, use.generations]).toEqual([1 / 2, 5]);
  });
});
