import { expect, it } from 'vitest';
import { pairedDifference } from '../../../src/method/estimate.ts';
import { type IterationRecord, iterationsOf, loopOverVanilla } from '../../../src/method/study/iterations.ts';

const record = (iteration: number, right: string | null): IterationRecord => ({
  iteration,
  counts: null,
  diversity: null,
  evaluation: null,
  results:
    right === null
      ? null
      : [...right].map((letter, i) => ({
          id: `q${i}`,
          level: null,
          right: letter === '?' ? null : letter === 'R',
          rightWithCritic: null,
        })),
});

it('compares each iteration with the one before and with the first', () => {
  const [zero, one, two, three] = iterationsOf([
    record(0, '11R?'),
    record(1, '1RRR'),
    record(2, 'RRR1'),
    record(3, null),
  ]);
  expect(zero).toMatchObject({ overPrevious: null, overFirst: null, explored: null });
  expect(one).toMatchObject({
    overPrevious: pairedDifference([false, false, true], [false, true, true]),
    overFirst: null,
  });
  expect(two!.overFirst).toEqual(pairedDifference([false, true, true, true], [true, true, true, false]));
  expect(two!.overPrevious).toEqual(two!.overFirst);
  expect(three).toMatchObject({ overPrevious: null, overFirst: null });
});

it('pairs the iterations that both runs have', () => {
  const both = loopOverVanilla([record(0, '1R'), record(1, 'RR'), record(2, 'RR')], [record(0, '1R'), record(1, '1R')]);
  expect(both).toEqual([
    { iteration: 0, difference: pairedDifference([false, true], [false, true]) },
    { iteration: 1, difference: pairedDifference([false, true], [true, true]) },
  ]);
});
