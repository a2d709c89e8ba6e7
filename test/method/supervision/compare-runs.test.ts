import { expect, it } from 'vitest';
import { pairedDifference, pairedScores } from '../../../src/method/estimate.ts';
import { compareRuns, scoreRun } from '../../../src/method/supervision/compare-runs.ts';
import { aDraw, aPlan, aScored, finish } from './scored.ts';

const draws = (...letters: string[]) => letters.map((each) => aDraw(each));

const BEFORE = finish(
  scoreRun(
    [
      aScored('a', { greedy: aDraw('1wR'), samples: draws('1', 'R') }),
      aScored('b', { greedy: aDraw('R'), samples: draws('1', '1') }),
      aScored('c', { greedy: aDraw('1'), samples: draws('?', 'R') }),
      aScored('old', { greedy: aDraw('1'), samples: draws('1', 'R') }),
    ],
    aPlan({ samples: 2, ks: [1, 2], gates: ['always'], reviewers: ['critic'] }),
  ),
);
const AFTER = finish(
  scoreRun(
    [
      aScored('c', { greedy: aDraw('R'), samples: draws('R', 'R') }),
      aScored('b', { greedy: aDraw('R'), samples: draws('R', '1') }),
      aScored('new', { greedy: aDraw('1'), samples: draws('1', 'R') }),
      aScored('a', { greedy: aDraw('R'), samples: draws('R', 'R') }),
    ],
    aPlan({ samples: 2, ks: [2] }),
  ),
);

it('has the score of every question under every strategy', () => {
  expect(AFTER.ids).toEqual(['c', 'b', 'new', 'a']);
  expect(AFTER.strategies.map(({ key, scores }) => [key, scores])).toEqual([
    ['greedy', [1, 1, 0, 1]],
    ['sampled', [1, 1 / 2, 1 / 2, 1]],
    ['maj@2', [1, 1 / 2, 1 / 2, 1]],
    ['pass@2', [1, 1, 1, 1]],
  ]);
  expect(BEFORE.strategies.map(({ key }) => key)).toContain('greedy critic always');
});

it('pairs what both have by question id, as outcomes where they are outcomes', () => {
  const comparison = finish(compareRuns(BEFORE, AFTER));
  expect(comparison).toMatchObject({ both: 3, onlyBefore: 1, onlyAfter: 1 });
  expect(comparison.strategies.map(({ key, difference }) => [key, difference])).toEqual([
    ['greedy', pairedDifference([false, true, false], [true, true, true])],
    ['sampled', pairedScores([1, 0, 1 / 2], [1, 1 / 2, 1], 1)],
    ['maj@2', pairedScores([0, 1 / 2], [1 / 2, 1], 1)], // c had but one graded sample
    ['pass@2', pairedScores([0, 1], [1, 1], 1)],
  ]);
});

it('finds no difference of a run to itself, and nothing to compare with nothing', () => {
  for (const { difference } of finish(compareRuns(BEFORE, BEFORE)).strategies)
    expect([0, null]).toContain(difference.difference);
  const nothing = finish(scoreRun([], aPlan()));
  expect(finish(compareRuns(nothing, AFTER))).toMatchObject({
    both: 0,
    onlyBefore: 0,
    onlyAfter: 4,
    strategies: [{ key: 'greedy', difference: { difference: null, n: 0 } }],
  });
});
