import { describe, expect, it } from 'vitest';
import { pairedDifference, pairedScores } from '../../../src/method/estimate.ts';
import { compareStrategies, pairScores } from '../../../src/method/supervision/comparisons.ts';
import type { Draw, Plan, Scored } from '../../../src/method/supervision/scored.ts';
import { tally } from '../../../src/method/supervision/scores.ts';
import { keyOf, strategies } from '../../../src/method/supervision/strategies.ts';
import { aDraw, aPlan, aReview, aScored, finish } from './scored.ts';

function comparisonsOf(questions: Scored[], plan: Plan) {
  const tallies = finish(tally(questions, plan, strategies(plan)));
  return finish(compareStrategies(questions, plan, tallies));
}

/** Each comparison in words: after, before and basis, with the difference and the pairs, or null. */
const told = (questions: Scored[], plan: Plan) =>
  Object.fromEntries(
    comparisonsOf(questions, plan).map(({ after, before, basis, difference }) => [
      `${keyOf(after)} - ${keyOf(before)}, ${basis}`,
      difference && [difference.difference, difference.n],
    ]),
  );

const draws = (letters: string, count: number): Draw[] => Array.from({ length: count }, () => aDraw(letters));

describe('compareStrategies', () => {
  // A response takes 15 tokens, a critique 27, a refinement 36: reviewed and refined it takes as much as 5.2 responses.
  const questions = [
    aScored('a', { greedy: aDraw('1wR'), samples: draws('1wR', 8) }),
    aScored('b', { greedy: aDraw('RcR'), samples: draws('RcR', 8) }),
  ];

  it('compares at equal samples, actor generations, generations and tokens', () => {
    const plan = aPlan({ samples: 8, reviewed: 4, ks: [1, 2], gates: ['always'], reviewers: ['critic'] });
    expect(told(questions, plan)).toEqual({
      'greedy critic always - greedy, samples': [1 / 2, 2],
      'maj@1 critic always - maj@1, samples': [1 / 2, 2],
      'maj@1 critic always - maj@2, actor generations': [1 / 2, 2],
      'maj@1 critic always - maj@3, generations': [1 / 2, 2],
      'maj@1 critic always - maj@6, tokens': [1 / 2, 2],
      'maj@2 critic always - maj@2, samples': [1 / 2, 2],
      'maj@2 critic always - maj@4, actor generations': [1 / 2, 2],
      'maj@2 critic always - maj@6, generations': [1 / 2, 2],
      'maj@2 critic always - maj@11, tokens': null,
      'best@1 critic - maj@1, samples': [0, 2],
      'best@1 critic - maj@2, generations': [0, 2],
      'best@1 critic - maj@3, tokens': [0, 2], // 42 tokens are 2.8 responses
      'best@2 critic - maj@2, samples': [0, 2],
      'best@2 critic - maj@4, generations': [0, 2],
      'best@2 critic - maj@6, tokens': [0, 2], // 5.6
    });
  });

  it('takes no sample more for tokens that are just equal', () => {
    const even = aReview('wR', { promptTokens: 3, completionTokens: 0 });
    even.refinement = { ...even.refinement!, promptTokens: 9, completionTokens: 3 };
    const samples = Array.from({ length: 3 }, () => aDraw('1', { reviews: { critic: even } }));
    const plan = aPlan({ samples: 3, reviewed: 1, ks: [1], gates: ['always'], reviewers: ['critic'] });
    expect(Object.keys(told([aScored('q', { samples })], plan))).toContain('maj@1 critic always - maj@2, tokens');
  });

  it('compares the vote of a chain with that of as many responses', () => {
    const chain = [aReview('wR'), aReview('wR')];
    const plan = aPlan({ samples: 8, gates: ['always'], reviewers: ['critic'], rounds: 2 });
    const chained = questions.map((question) => ({ ...question, chain }));
    expect(told(chained, plan)).toEqual({
      'greedy critic always - greedy, samples': [1 / 2, 2],
      'sequential-vote@1 critic always - maj@2, actor generations': [1 / 2, 2],
      'sequential-vote@1 critic always - maj@3, generations': [1 / 2, 2],
      'sequential-vote@1 critic always - maj@6, tokens': [1 / 2, 2],
      'sequential-vote@2 critic always - maj@3, actor generations': [1 / 2, 2],
      'sequential-vote@2 critic always - maj@5, generations': [1 / 2, 2],
      'sequential-vote@2 critic always - maj@10, tokens': null, // 141 tokens are 9.4 responses
    });
  });

  it('pairs the questions that both know', () => {
    const plan = aPlan({ samples: 3, reviewed: 1, ks: [1], gates: ['always'], reviewers: ['critic'] });
    const some = [
      aScored('a', { samples: draws('1wR', 3) }),
      aScored('b', { samples: [aDraw('1wR'), aDraw('R'), aDraw('?')] }),
      aScored('c', { samples: draws('1', 3) }),
    ];
    expect(told(some, plan)).toMatchObject({
      'greedy critic always - greedy, samples': [null, 0],
      'maj@1 critic always - maj@1, samples': [3 / 4, 2],
      'maj@1 critic always - maj@2, actor generations': [3 / 4, 2],
      'maj@1 critic always - maj@3, generations': [1, 1],
    });
  });

  it('has each comparison of nothing too', () => {
    const plan = aPlan({ samples: 4, reviewed: 1, ks: [1], gates: ['always'], reviewers: ['critic'] });
    expect(told([], plan)).toMatchObject({
      'greedy critic always - greedy, samples': [null, 0],
      'maj@1 critic always - maj@3, generations': [null, 0],
      'maj@1 critic always - maj@1, tokens': [null, 0],
    });
    expect(comparisonsOf([], aPlan({ samples: 4, ks: [1] }))).toEqual([]);
  });
});

describe('pairScores', () => {
  const before = [0, 1, null, 0, 1];
  const after = [1, 1, 1, null, 1];

  it('pairs outcomes of greedy answers as outcomes, and scores as scores', () => {
    expect(pairScores('greedy', before, after, 1)).toEqual(pairedDifference([false, true, true], [true, true, true]));
    expect(pairScores('maj', before, after, 1)).toEqual(pairedScores([0, 1, 1], [1, 1, 1], 1));
  });
});
