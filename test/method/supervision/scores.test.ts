import { describe, expect, it } from 'vitest';
import type { Gate } from '../../../src/method/gates.ts';
import { answerUnder } from '../../../src/method/supervision/answer.ts';
import { chainUnder } from '../../../src/method/supervision/chain.ts';
import type { Draw, Plan, Scored, ScoredText } from '../../../src/method/supervision/scored.ts';
import { meanSpending, tally } from '../../../src/method/supervision/scores.ts';
import { keyOf, strategies } from '../../../src/method/supervision/strategies.ts';
import fc from '../../support/properties.ts';
import { mean, subsetsOf } from '../estimate/brute-force.ts';
import { aDraw, anyScored, aPlan, aReview, aScored, asRunWith, CLASSES, finish } from './scored.ts';

const talliesOf = (questions: Scored[], plan: Plan) => finish(tally(questions, plan, strategies(plan)));
const scoresOf = (questions: Scored[], plan: Plan) =>
  Object.fromEntries(talliesOf(questions, plan).map(({ strategy, scores }) => [keyOf(strategy), scores]));

const draws = (...letters: string[]) => letters.map((each) => aDraw(each));

describe('tally', () => {
  it('scores samples, votes and choices of one question', () => {
    const plan = aPlan({ samples: 4, reviewed: 3, ks: [1, 2, 3, 4], gates: ['verdict'], reviewers: ['critic'] });
    const question = aScored('q', { greedy: aDraw('1wR'), samples: draws('Rw1', 'RcR', '1c2', '2') });
    const scores = scoresOf([question], plan);
    expect(scores).toEqual({
      greedy: [0],
      'greedy critic verdict': [1],
      sampled: [1 / 2],
      'sampled critic verdict': [1 / 3],
      'maj@1': [expect.closeTo(1 / 2, 12)],
      'maj@2': [expect.closeTo((1 + 4 / 2) / 6, 12)], // one pair of right ones, four of a right and a wrong one
      'maj@3': [expect.closeTo((1 + 1 + 1 / 3 + 1 / 3) / 4, 12)], // the right two and any other; one right, 1 and 2 tie
      'maj@4': [1],
      'pass@1': [expect.closeTo(1 / 2, 12)],
      'pass@2': [expect.closeTo(5 / 6, 12)],
      'pass@3': [1],
      'pass@4': [1],
      // The answers of the first three are 1, right and 1.
      'maj@1 critic verdict': [expect.closeTo(1 / 3, 12)],
      'maj@2 critic verdict': [expect.closeTo(1 / 3, 12)],
      'maj@3 critic verdict': [0],
      'pass@1 critic verdict': [expect.closeTo(1 / 3, 12)],
      'pass@2 critic verdict': [expect.closeTo(2 / 3, 12)],
      'pass@3 critic verdict': [1],
      // The critic calls the second and the third correct, the second is right; the first is where it stands alone.
      'best@1 critic': [expect.closeTo(2 / 3, 12)],
      'best@2 critic': [expect.closeTo((1 + 0 + 1 / 2) / 3, 12)],
      'best@3 critic': [1 / 2],
    });
  });

  it('scores a chain by its vote, its last text and any of them', () => {
    const plan = aPlan({ samples: 1, gates: ['always', 'verdict'], reviewers: ['critic'], rounds: 3 });
    const chain = ['w1', 'cR', 'w1'].map((letters) => aReview(letters));
    expect(scoresOf([aScored('q', { samples: [aDraw('R')], chain })], plan)).toMatchObject({
      'sequential-vote@1 critic always': [0],
      'sequential-vote@2 critic always': [1 / 2],
      'sequential-vote@3 critic always': [0],
      'sequential-last@1 critic always': [0],
      'sequential-last@2 critic always': [1],
      'sequential-last@3 critic always': [0],
      'sequential-pass@1 critic always': [0],
      'sequential-pass@2 critic always': [1],
      'sequential-pass@3 critic always': [1],
      'sequential-vote@2 critic verdict': [0],
      'sequential-last@3 critic verdict': [0],
      'sequential-pass@3 critic verdict': [0],
    });
  });

  it('leaves ungraded texts out, and does not know what needs more than there are', () => {
    const plan = aPlan({ samples: 3, reviewed: 2, ks: [1, 2, 3], gates: ['always'], reviewers: ['critic'] });
    const question = aScored('q', { greedy: aDraw('?w?'), samples: draws('RwR', 'Rw?', '?') });
    expect(scoresOf([question], plan)).toEqual({
      greedy: [null],
      'greedy critic always': [null],
      sampled: [1],
      'sampled critic always': [1],
      'maj@1': [1],
      'maj@2': [1],
      'maj@3': [null],
      'pass@1': [1],
      'pass@2': [1],
      'pass@3': [null],
      'maj@1 critic always': [1],
      'maj@2 critic always': [null],
      'pass@1 critic always': [1],
      'pass@2 critic always': [null],
      'best@1 critic': [1],
      'best@2 critic': [1],
    });
  });

  it('counts a vote for a class as right as its first answer was graded', () => {
    const other = { ...aDraw('R'), class: 1 };
    const scores = scoresOf([aScored('q', { samples: [aDraw('1'), other] })], aPlan({ samples: 2, ks: [2] }));
    expect(scores).toMatchObject({ sampled: [1 / 2], 'maj@2': [0], 'pass@2': [1] });
  });

  it('knows nothing of samples of which one has an unknown answer', () => {
    const plan = aPlan({ samples: 2, reviewed: 2, ks: [1], gates: ['always', 'oracle'], reviewers: ['critic'] });
    const question = aScored('q', { greedy: aDraw('R'), samples: draws('Rw1', 'R') });
    expect(scoresOf([question], plan)).toMatchObject({
      greedy: [1],
      'greedy critic always': [null],
      'greedy critic oracle': [1],
      'maj@1': [1],
      'maj@1 critic always': [null],
      'maj@1 critic oracle': [1],
      'best@1 critic': [null],
    });
  });

  it('knows nothing where nothing was drawn', () => {
    const plan = aPlan({ samples: 2, reviewed: 2, ks: [1, 2], gates: ['oracle'], reviewers: ['critic'], rounds: 2 });
    for (const { scores, spending } of talliesOf([aScored('q')], plan))
      expect([...scores, ...spending]).toEqual([null, null]);
    for (const { scores } of talliesOf([], plan)) expect(scores).toEqual([]);
  });
});

const GATES: Gate[] = ['always', 'verdict', 'oracle'];
const PLAN = aPlan({
  samples: 6,
  reviewed: 4,
  ks: [1, 2, 3, 4, 5, 6],
  gates: GATES,
  reviewers: ['critic', 'self'],
  rounds: 5,
});

it('is the mean over all ways to draw k samples', () => {
  const isGraded = ({ outcome }: ScoredText) => outcome !== 'ungraded';
  const isRight = ({ outcome }: ScoredText) => outcome === 'correct';
  const voted = (texts: ScoredText[]) => {
    const votes = [0, 1, 2, 3].map((id) => texts.filter((text) => text.class === id).length);
    const tied = [0, 1, 2, 3].filter((id) => votes[id]! > 0 && votes[id] === Math.max(...votes));
    return tied.length === 0 ? 0 : mean(tied.map((id) => Number(CLASSES[id])));
  };
  const any = (texts: ScoredText[]) => Number(texts.some(isRight));
  const chosen = (texts: Draw[]) => {
    const accepted = texts.filter(({ reviews }) => reviews.critic?.verdict === 'correct');
    return mean((accepted.length > 0 ? accepted : texts).map((text) => Number(isRight(text))));
  };
  const over = <T>(items: T[], k: number, score: (drawn: T[]) => number) =>
    items.length < k ? [null] : [expect.closeTo(mean(subsetsOf(items, k).map(score)), 10)];

  fc.assert(
    fc.property(anyScored, fc.constantFrom(...GATES), (question, gate) => {
      const scores = scoresOf([question], PLAN);
      const responses = question.samples.filter(isGraded);
      const reviewed = question.samples.slice(0, PLAN.reviewed);
      const texts = (reviewer: 'critic' | 'self') =>
        reviewed.map((draw) => answerUnder(draw, { reviewer, gate })!.text).filter(isGraded);
      for (const k of PLAN.ks) {
        expect(scores[`maj@${k}`]).toEqual(over<ScoredText>(responses, k, voted));
        expect(scores[`pass@${k}`]).toEqual(over<ScoredText>(responses, k, any));
        if (k > PLAN.reviewed) continue;
        expect(scores[`maj@${k} critic ${gate}`]).toEqual(over(texts('critic'), k, voted));
        expect(scores[`pass@${k} self ${gate}`]).toEqual(over(texts('self'), k, any));
        expect(scores[`best@${k} critic`]).toEqual(over(reviewed.filter(isGraded), k, chosen));
      }
      for (const k of [1, 2, 4, 5]) {
        const chain = chainUnder(question, gate, k).map(({ text }) => text);
        const graded = chain.filter(isGraded);
        const last = chain.at(-1)!;
        const known = graded.length > 0;
        expect(scores[`sequential-vote@${k} critic ${gate}`]).toEqual([known ? voted(graded) : null]);
        expect(scores[`sequential-pass@${k} critic ${gate}`]).toEqual([known ? any(graded) : null]);
        expect(scores[`sequential-last@${k} critic ${gate}`]).toEqual([isGraded(last) ? Number(isRight(last)) : null]);
      }
    }),
  );
});

it('makes of a run of all gates what a run of one gate alone would be', () => {
  fc.assert(
    fc.property(fc.array(anyScored, { maxLength: 3 }), fc.constantFrom(...GATES), (questions, gate) => {
      const plan = { ...PLAN, gates: [gate] };
      const alone = questions.map((question) => asRunWith(gate, question));
      expect(talliesOf(alone, plan)).toEqual(talliesOf(questions, plan));
    }),
  );
});

describe('meanSpending', () => {
  it('is that of k samples, averaged over the questions that have a score', () => {
    const plan = aPlan({ samples: 2, reviewed: 2, ks: [1, 2], gates: ['verdict'], reviewers: ['critic'] });
    const questions = [
      aScored('a', { samples: draws('1wR', 'RcR') }),
      aScored('b', { samples: draws('RcR', 'RcR') }),
      aScored('c', { samples: draws('1', 'RcR') }),
    ];
    const spent = Object.fromEntries(
      talliesOf(questions, plan).map((each) => [keyOf(each.strategy), meanSpending(each)]),
    );
    expect(spent['maj@2 critic verdict']).toEqual({
      response: { generations: 2, promptTokens: 20, completionTokens: 10 },
      critique: { generations: 2, promptTokens: 40, completionTokens: 14 },
      refinement: { generations: 1 / 2, promptTokens: 15, completionTokens: 3 },
    });
    expect(spent['best@1 critic']).toMatchObject({ critique: { generations: 1 }, refinement: { generations: 0 } });
    expect(spent['maj@2']).toMatchObject({ response: { generations: 2 }, critique: { generations: 0 } });
    expect(spent.greedy).toMatchObject({ response: { generations: 0 } });
  });

  it('is that of all rounds of a chain', () => {
    const plan = aPlan({ samples: 1, gates: ['always'], reviewers: ['critic'], rounds: 2 });
    const chain = [aReview('w1'), aReview('w1')];
    const tallies = talliesOf([aScored('q', { samples: [aDraw('1')], chain })], plan);
    const generations = tallies
      .filter(({ strategy }) => strategy.method === 'sequential-vote')
      .map((each) => Object.values(meanSpending(each)).map(({ generations }) => generations));
    expect(generations).toEqual([
      [1, 1, 1],
      [1, 2, 2],
    ]);
  });
});
