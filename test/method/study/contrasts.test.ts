import { describe, expect, it } from 'vitest';
import { pairedDifference, pairedScores } from '../../../src/method/estimate.ts';
import type { Gate } from '../../../src/method/gates.ts';
import type { Level } from '../../../src/method/rows.ts';
import { budgetOf } from '../../../src/method/study/budget.ts';
import { scoreConditions } from '../../../src/method/study/condition-scores.ts';
import { contrastConditions } from '../../../src/method/study/contrasts.ts';
import { leadingGate } from '../../../src/method/study/evidence.ts';
import type { Draw, Plan, Scored } from '../../../src/method/supervision/scored.ts';
import { aDraw, aPlan, aReview, aScored, finish } from '../supervision/scored.ts';

const CRITIC: Partial<Plan> = { gates: ['verdict'], reviewers: ['critic'] };
const scored = (questions: Scored[], plan: Partial<Plan> = CRITIC, gate: Gate = 'verdict') =>
  finish(scoreConditions(questions, aPlan(plan), gate));

/** Greedy responses in letters, by question id. */
const greedy = (letters: Record<string, string>, levels: Record<string, Level> = {}) =>
  Object.entries(letters).map(([id, each]) => aScored(id, { greedy: aDraw(each), level: levels[id] ?? null }));

describe('critics', () => {
  // A critique that is not to be refined says the response is right.
  const trained = scored(greedy({ a: '1wR', b: '1wR', c: 'Rc', d: '1c', e: '?wR', f: '1u' }));
  const base = scored(greedy({ f: '1c', d: '1w1', c: 'Rw1', b: '1c', a: '1wR', g: 'Rc' }));
  const { critics } = contrastConditions({ sft: trained, 'sft-base-critic': base });

  it('are compared by their verdicts, where one without a verdict does not agree', () =>
    // f, d, c, b, a
    expect(critics?.agreement).toEqual(
      pairedDifference([false, true, false, false, true], [false, false, true, true, true]),
    ));
  it('and by what they repair of the responses that are wrong in both', () =>
    expect(critics?.repaired).toEqual(pairedDifference([true, false, false, false], [true, true, false, false])));
});

it('hardness is the actor\u2019s own pass rate where there are samples', () => {
  const samples = (letters: string) => [...letters].map((each) => aDraw(`${each}c`));
  const at = (id: string, letters: string, draw: string): Scored =>
    aScored(id, { greedy: aDraw(draw), samples: samples(letters), level: 1 });
  const questions = [
    at('always', 'RRRR', 'Rc'),
    at('often', 'RRR1', 'Rw1'),
    at('half', 'RR11', '1wR'),
    at('seldom', 'R111', '1wR'),
    at('never', '1111', '1wR'),
    at('unknown', '????', '1wR'),
  ];
  const { hardness } = contrastConditions({ sft: scored(questions, { ...CRITIC, samples: 4 }) });
  expect(hardness).toEqual({
    by: 'pass rate',
    hard: pairedDifference([false, false], [true, true]),
    easy: pairedDifference([true, true], [true, false]),
  });
});

it('hardness is the dataset\u2019s where there are none, and unknown where a side has no question', () => {
  const levels: Record<string, Level> = { a: 5, b: 1, c: 3 };
  const { hardness } = contrastConditions({ sft: scored(greedy({ a: '1wR', b: 'Rc', c: '1wR' }, levels)) });
  expect(hardness).toEqual({
    by: 'dataset',
    hard: pairedDifference([false], [true]),
    easy: pairedDifference([true], [true]),
  });
  expect(contrastConditions({ sft: scored(greedy({ a: '1wR' }, levels)) }).hardness).toBeNull();
});

it('the gain shrinks by question, from -2 to 2', () => {
  const before = scored(greedy({ a: '1wR', b: '1wR', c: 'Rc', d: '1wR', old: '1wR' }));
  const after = scored(greedy({ d: 'Rw1', c: 'Rc', b: '1w1', a: 'Rc', new: '1wR' }));
  const { shrinkage } = contrastConditions({ sft: before, loop: after });
  // Gains of d, c, b, a: 1, 0, 1, 1 before and -1, 0, 0, 0 after.
  const halved = pairedScores([1, 0.5, 1, 1], [0, 0.5, 0.5, 0.5], 1);
  expect(shrinkage?.difference).toBeCloseTo((-2 - 1 - 1) / 4, 12);
  expect(shrinkage).toMatchObject({ low: 2 * halved.low, high: 2 * halved.high, n: 4, p: halved.p });
});

it('one player is paired with two, each under its own way of being asked', () => {
  const self = (letters: string): Draw => aDraw(letters[0]!, { reviews: { self: aReview(letters.slice(1)) } });
  const corrected = scored(
    [
      aScored('a', { greedy: self('1wR') }),
      aScored('b', { greedy: self('Rw1') }),
      aScored('c', { greedy: self('1c') }),
    ],
    { gates: ['verdict'], reviewers: ['self'] },
  );
  const talked = scored(greedy({ a: 'R', b: 'R', c: '1' }), {});
  const two = scored(greedy({ a: 'Rc', b: 'Rc', c: '1wR' }));
  const { ladder } = contrastConditions({ sft: two, 'self-talk': talked, 'self-correction': corrected });
  expect(ladder).toEqual({
    selfTalkOverSelfCorrection: pairedDifference([true, false, false], [true, true, false]),
    twoPlayersOverSelfTalk: pairedDifference([true, true, false], [true, true, true]),
    twoPlayersOverSelfCorrection: pairedDifference([true, false, false], [true, true, true]),
  });
});

describe('samples and chains', () => {
  const plan: Partial<Plan> = { ...CRITIC, samples: 6, reviewed: 2, ks: [1, 2, 6], rounds: 2 };
  const draws = (letters: string) => letters.split(' ').map((each) => aDraw(each));
  const chain = (...letters: string[]) => letters.map((each) => aReview(each));
  const questions = [
    aScored('a', { samples: draws('1wR Rc R 1 1 1'), chain: chain('wR', 'c') }),
    aScored('b', { samples: draws('1c 1wR 1 1 1 1'), chain: chain('c') }),
    aScored('c', { samples: draws('Rw1 Rc R R R R'), chain: chain('w1', 'wR') }),
  ];

  it('compare as many as are reviewed', () => {
    const { samples } = contrastConditions({ sft: scored(questions, plan) });
    // Alone all six count: a 2, b 0, c 6; of two with the critic a 2, b 1, c 1.
    expect(samples?.k).toBe(2);
    expect(samples?.frequency.n).toBe(3);
    expect(samples?.frequency.difference).toBeCloseTo((1 - 2 / 6 + 1 / 2 + (1 / 2 - 1)) / 3, 12);
  });

  it('compare rounds with as many samples', () => {
    const { chain } = contrastConditions({ sft: scored(questions, plan) });
    expect(chain?.k).toBe(2);
    // Parallel, any of 2: a, b, c. Sequential: a (R, R), c (1, R), not b.
    expect(chain?.pass).toEqual(pairedScores([1, 0, 1], [1, 1, 1], 1));
    // Votes: parallel a 1, b 1/2, c 1/2; sequential a 1, b 0, c 1/2.
    expect(chain?.vote).toEqual(pairedScores([1, 0.5, 0.5], [1, 0, 0.5], 1));
    expect(chain?.voteOverLast).toEqual(pairedScores([1, 0, 1], [1, 0, 0.5], 1));
  });

  it('votes have the baselines that were drawn', () => {
    const budget = finish(budgetOf(questions, aPlan({ ...plan, samples: 5 }), 'verdict'));
    expect(budget.map(({ k }) => k)).toEqual([1, 2]);
    expect(budget[0]!.withCritic.value).toBeCloseTo((1 + 1 / 2 + 1 / 2) / 3, 12);
    expect(budget[1]!.alone['2k']).not.toBeNull();
    expect(budget[1]!.alone['3k']).toBeNull();
    expect(finish(budgetOf(questions, aPlan({ samples: 6 }), 'verdict'))).toEqual([]);
  });
});

it('what one side lacks is not compared', () => {
  const all = contrastConditions({ sft: scored(greedy({ a: 'R' }), {}), loop: scored(greedy({ b: 'R' }), {}) });
  expect(all).toEqual({
    hardness: null,
    critics: null,
    samples: null,
    chain: null,
    shrinkage: null,
    ladder: { selfTalkOverSelfCorrection: null, twoPlayersOverSelfTalk: null, twoPlayersOverSelfCorrection: null },
  });
});

it('leads with the gate that a user would have', () => {
  const plans = (...gates: Gate[][]) => gates.map((each) => aPlan({ gates: each }));
  expect(leadingGate(plans(['always'], ['oracle', 'verdict']))).toBe('verdict');
  expect(leadingGate(plans(['oracle', 'always']))).toBe('always');
  expect(leadingGate(plans(['oracle']))).toBe('oracle');
  expect(leadingGate([])).toBe('verdict');
});
