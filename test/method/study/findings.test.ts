import { describe, expect, it } from 'vitest';
import { type Difference, independentDifference, proportion } from '../../../src/method/estimate.ts';
import type { Evidence } from '../../../src/method/study/evidence.ts';
import { effect, type Holds, judge } from '../../../src/method/study/finding.ts';
import { findings } from '../../../src/method/study/findings.ts';
import type { Comparison, ReviewSummary } from '../../../src/method/supervision/summary.ts';
import { difference, diversity, fromPairs, iteration, LESS, MORE, nothing, OPEN } from './evidence.ts';

const finding = (id: string, evidence: Partial<Evidence>) => {
  const found = findings({ ...nothing(), ...evidence }).find((it) => it.id === id);
  if (!found) throw new Error(`no finding ${id}`);
  return found;
};

const contrasts = (parts: Partial<Evidence['contrasts']>): Partial<Evidence> => ({
  contrasts: { ...nothing().contrasts, ...parts },
});

const evaluated = (parts: { reviews?: ReviewSummary[]; comparisons?: Comparison[] }, name: 'sft' | 'loop' = 'sft') =>
  ({
    evaluations: {
      [name]: {
        plan: { seed: 1, samples: 6, reviewed: 2, ks: [1, 2], gates: ['verdict'], reviewers: ['critic'], rounds: 0 },
        summary: { questions: 9, measures: [], comparisons: [], reviews: [], levels: [], votes: [], ...parts },
      },
    },
  }) as unknown as Partial<Evidence>;

const review = (difference: Difference, parts: Partial<ReviewSummary> = {}) =>
  ({ reviewer: 'critic', gate: 'verdict', on: 'greedy', difference, ...parts }) as ReviewSummary;

const vote = (k: number, of: number, basis: Comparison['basis'], difference: Difference | null): Comparison => ({
  after: { method: 'maj', reviewer: 'critic', gate: 'verdict', k },
  before: { method: 'maj', reviewer: null, gate: null, k: of },
  basis,
  difference,
});

const loop = (...parts: Parameters<typeof iteration>[1][]) => ({
  iterations: { loop: parts.map((part, t) => iteration(t, part)), vanilla: [] },
});

/** Each claim with what decides it as given. */
const WITH: Record<string, (it: Difference) => Partial<Evidence>> = {
  'critic-helps': (it) => evaluated({ reviews: [review(it)] }),
  'critic-helps-hard': (it) => contrasts({ hardness: { by: 'pass rate', hard: it, easy: difference(-0.001, 0.001) } }),
  'trained-critic-discriminates': (it) => contrasts({ critics: { agreement: it, repaired: OPEN } }),
  'trained-critic-helps': (it) => contrasts({ critics: { agreement: OPEN, repaired: it } }),
  'vote-at-equal-compute': (it) => evaluated({ comparisons: [vote(2, 6, 'generations', it)] }),
  'voting-improves': (it) => contrasts({ samples: { k: 8, frequency: MORE, vote: OPEN, pass: it } }),
  'parallel-covers-more': (it) => contrasts({ chain: { k: 4, pass: it, vote: OPEN, voteOverLast: OPEN } }),
  'chain-vote-overtakes': (it) => contrasts({ chain: { k: 4, pass: OPEN, vote: it, voteOverLast: OPEN } }),
  'last-round-plateaus': (it) => contrasts({ chain: { k: 4, pass: OPEN, vote: OPEN, voteOverLast: it } }),
  'loop-beats-vanilla': (it) => ({
    loopOverVanilla: [
      { iteration: 0, difference: OPEN },
      { iteration: 2, difference: it },
      { iteration: 1, difference: OPEN },
    ],
  }),
  'loop-keeps-rising': (it) => loop({}, { overPrevious: MORE }, { overPrevious: it }),
  'gain-shrinks': (it) =>
    contrasts({ shrinkage: { ...it, difference: -it.difference!, low: -it.high, high: -it.low } }),
  'two-players-beat-one': (it) =>
    contrasts({
      ladder: { selfTalkOverSelfCorrection: MORE, twoPlayersOverSelfTalk: it, twoPlayersOverSelfCorrection: OPEN },
    }),
};

describe('whether a claim holds', () => {
  const cases: { holds: Holds; given: Difference }[] = [
    { holds: 'yes', given: MORE },
    { holds: 'no', given: LESS },
    { holds: 'unclear', given: OPEN },
  ];
  it.each(Object.keys(WITH).flatMap((id) => cases.map((it) => ({ id, ...it }))))(
    '$id: $holds',
    ({ id, holds, given }) => {
      const found = finding(id, WITH[id]!(given));
      expect(found.holds).toBe(holds);
      expect(found.why).not.toBe('');
    },
  );

  it('is not measured where nothing was, for each of them, and then says what it takes', () => {
    const all = findings(nothing());
    expect(all.map(({ id }) => id)).toEqual(
      expect.arrayContaining([...Object.keys(WITH), 'vanilla-plateaus', 'tail-widens', 'coverage-rises']),
    );
    expect(all).toHaveLength(16);
    for (const { holds, why, measure } of all) {
      expect(holds).toBe('not measured');
      expect(why).toMatch(/^It takes /);
      expect(measure.some(({ decisive }) => decisive)).toBe(true);
    }
  });

  it('looks at the gate of the study, and not at other reviewers or samples', () => {
    const others = [
      review(MORE, { gate: 'always' }),
      review(MORE, { reviewer: 'self' }),
      review(MORE, { on: 'samples' }),
      review(LESS),
    ];
    expect(finding('critic-helps', evaluated({ reviews: others })).holds).toBe('no');
    expect(finding('critic-helps', { ...evaluated({ reviews: others }), gate: 'always' }).holds).toBe('yes');
  });

  it('compares votes of the most samples for which enough were drawn', () => {
    const comparisons = [
      vote(1, 3, 'generations', LESS),
      vote(4, 12, 'generations', null),
      vote(2, 6, 'generations', MORE),
      vote(2, 4, 'actor generations', OPEN),
    ];
    const found = finding('vote-at-equal-compute', evaluated({ comparisons }));
    expect(found.holds).toBe('yes');
    expect(found.measure.map(({ label, decisive }) => [label, decisive])).toEqual([
      ['vote of 2 with the critic minus vote of 6 alone', true],
      ['vote of 2 with the critic minus vote of 4 alone, at equal actor generations', false],
    ]);
  });

  it('takes the fine-tune\u2019s own comparison of critics where no evaluation has both', () => {
    const critic = { model: 'critic', critic: null };
    const found = finding('trained-critic-discriminates', {
      criticTraining: { candidate: critic, against: critic, difference: MORE },
    });
    expect(found.holds).toBe('yes');
    expect(found.measure).toHaveLength(1);
  });

  it('takes gains on different questions for independent', () => {
    const [hard, easy] = [difference(0.05, 0.15, 100), difference(-0.02, 0.04, 200)];
    const [decisive] = finding('critic-helps-hard', contrasts({ hardness: { by: 'dataset', hard, easy } })).measure;
    expect(decisive!.value).toBeCloseTo(0.09, 12);
    expect(decisive!.low).toBeCloseTo(0.09 - Math.hypot(0.05, 0.03), 12);
    expect(decisive!.high).toBeCloseTo(0.09 + Math.hypot(0.05, 0.03), 12);
    expect(decisive!.n).toBe(300);
  });
});

describe('a plateau', () => {
  const vanilla = (it: Difference) => ({
    iterations: {
      loop: [],
      vanilla: [iteration(0), iteration(1, { overPrevious: MORE }), iteration(2, { overFirst: it })],
    },
  });
  it.each<[Holds, Difference]>([
    ['yes', difference(-0.02, 0.01)],
    ['yes', LESS],
    ['no', difference(0.001, 0.03)],
    ['unclear', difference(-0.02, 0.011)],
  ])('%s', (holds, given) => expect(finding('vanilla-plateaus', vanilla(given)).holds).toBe(holds));

  it('takes two iterations', () => {
    const one = { iterations: { loop: [], vanilla: [iteration(0), iteration(1, { overPrevious: MORE })] } };
    expect(finding('vanilla-plateaus', one).holds).toBe('not measured');
  });
});

describe('the tail', () => {
  const explored = (rows: number[]) => ({
    diversity: diversity(rows),
    accepted: rows.reduce((sum, n) => sum + n, 0),
    removed: { duplicates: 0, overCap: 0, shortcuts: 0 },
  });
  const both = (inLoop: number[], inVanilla: number[]) => ({
    iterations: {
      loop: [iteration(0), iteration(1, { explored: explored(inLoop) })],
      vanilla: [iteration(0), iteration(1, { explored: explored(inVanilla) })],
    },
  });
  it.each<[Holds, number[], number[]]>([
    ['yes', [100, 80, 60, 60, 40], [150, 90, 40, 20, 5]],
    ['no', [150, 90, 40, 20, 5], [100, 80, 60, 60, 40]],
    ['unclear', [10, 8, 6, 4, 2], [10, 8, 6, 3, 1]],
    ['not measured', [0, 0, 0, 0, 0], [10, 8, 6, 3, 1]],
    ['not measured', [], []],
  ])('%s: %j in the loop, %j vanilla', (holds, inLoop, inVanilla) =>
    expect(finding('tail-widens', both(inLoop, inVanilla)).holds).toBe(holds),
  );

  it('is the difference of two independent shares of rows', () => {
    const [decisive] = finding('tail-widens', both([50, 0, 0, 30, 20], [90, 0, 0, 5, 5])).measure;
    const { difference: value, ...rest } = independentDifference(proportion(10, 100), proportion(50, 100));
    expect(decisive).toMatchObject({ value, ...rest, decisive: true });
  });
});

it('coverage counts what critiques add, paired by question', () => {
  const at = (solvedAfter: number) =>
    loop(
      {},
      {
        explored: {
          diversity: diversity([5], 200, 120, solvedAfter),
          accepted: 5,
          removed: { duplicates: 0, overCap: 0, shortcuts: 0 },
        },
      },
    );
  const found = finding('coverage-rises', at(150));
  expect(found.holds).toBe('yes');
  const { difference: value, low, high, n, p } = fromPairs(120, 30, 0, 50);
  expect(found.measure[0]).toMatchObject({ value, low, high, n, p });
  expect(finding('coverage-rises', at(120)).holds).toBe('unclear');
});

describe('several things that a claim stands and falls with', () => {
  const [more, less, open, missing] = [effect('a', MORE), effect('b', LESS), effect('c', OPEN), effect('d', null)];
  const aside = effect('e', LESS, { decisive: false });
  it('all have to be for it', () => {
    expect(judge([more, more, aside]).holds).toBe('yes');
    expect(judge([more, open])).toMatchObject({ holds: 'unclear', why: 'The interval is on both sides: c.' });
    expect(judge([more, missing])).toMatchObject({ holds: 'unclear', why: 'Not measured: d.' });
  });
  it('one against it is enough', () =>
    expect(judge([more, open, less])).toEqual({ holds: 'no', why: 'The interval is on the other side: b.' }));
  it('what only informs decides nothing', () => expect(judge([missing, aside]).holds).toBe('not measured'));
  it('an interval that is but a point, of few questions, leaves it open', () => {
    const same = (value: number, p: number) => effect('a', { difference: value, low: value, high: value, n: 2, p });
    expect([same(1, 0.5), same(-1, 0.5), same(1, 0.001), same(-1, 0.001)].map((it) => judge([it]).holds)).toEqual([
      'unclear',
      'unclear',
      'yes',
      'no',
    ]);
  });
  it('an interval that ends at 0 leaves it open', () => {
    expect(judge([effect('a', difference(0, 0.1))]).holds).toBe('unclear');
    expect(judge([effect('a', difference(-0.1, 0))]).holds).toBe('unclear');
  });
});
