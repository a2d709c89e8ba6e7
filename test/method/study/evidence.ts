import type { Diversity } from '../../../src/method/diversity.ts';
import { type Difference, pairedDifference, proportion } from '../../../src/method/estimate.ts';
import type { Level } from '../../../src/method/rows.ts';
import type { Evidence, IterationEvidence } from '../../../src/method/study/evidence.ts';

/** A difference with this interval; p is of no interest here. */
export const difference = (low: number, high: number, n = 1000): Difference => ({
  difference: (low + high) / 2,
  low,
  high,
  n,
  p: low > 0 || high < 0 ? 0.001 : 0.4,
});

/** Clearly more, clearly less, neither. */
export const MORE = difference(0.02, 0.08);
export const LESS = difference(-0.08, -0.02);
export const OPEN = difference(-0.03, 0.05);

/** Nothing was measured. */
export const nothing = (): Evidence => ({
  gate: 'verdict',
  evaluations: {},
  contrasts: {
    hardness: null,
    critics: null,
    samples: null,
    chain: null,
    shrinkage: null,
    ladder: { selfTalkOverSelfCorrection: null, twoPlayersOverSelfTalk: null, twoPlayersOverSelfCorrection: null },
  },
  budget: [],
  iterations: { loop: [], vanilla: [] },
  loopOverVanilla: [],
  criticTraining: null,
});

/** Accepted rows by level, 1 to 5, of questions of which so many were solved. */
export function diversity(rows: number[], questions = 200, solvedBefore = 120, solvedAfter = solvedBefore): Diversity {
  const all = rows.reduce((sum, n) => sum + n, 0);
  const coverage = {
    questions,
    distinctBefore: 1.2,
    distinctAfter: 1.6,
    solvedBefore: proportion(solvedBefore, questions),
    solvedAfter: proportion(solvedAfter, questions),
  };
  const level = (place: number) => (place + 1) as Level;
  return {
    ...coverage,
    byLevel: rows.map((n, place) => ({ ...coverage, level: level(place), rows: n, share: proportion(n, all) })),
  };
}

export const iteration = (number: number, parts: Partial<IterationEvidence> = {}): IterationEvidence => ({
  iteration: number,
  accuracy: proportion(50 + number, 100),
  accuracyWithCritic: null,
  overPrevious: null,
  overFirst: null,
  explored: null,
  ...parts,
});

/** Paired, from the four counts of pairs. */
export const fromPairs = (both: number, gained: number, lost: number, neither: number): Difference =>
  pairedDifference(
    pairs(both, gained, lost, neither).map(([before]) => before),
    pairs(both, gained, lost, neither).map(([, after]) => after),
  );

const pairs = (both: number, gained: number, lost: number, neither: number): [boolean, boolean][] => [
  ...Array<[boolean, boolean]>(both).fill([true, true]),
  ...Array<[boolean, boolean]>(gained).fill([false, true]),
  ...Array<[boolean, boolean]>(lost).fill([true, false]),
  ...Array<[boolean, boolean]>(neither).fill([false, false]),
];
