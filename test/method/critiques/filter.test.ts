import { describe, expect, it } from 'vitest';
import { filterOf } from '../../../src/method/critiques/filter.ts';
import { filterRemoval, REMOVALS } from '../../../src/method/critiques/removals.ts';
import type { Outcome } from '../../../src/method/rows.ts';
import { anAnnotation, aPath, refinements } from './rows.ts';

const row = anAnnotation(aPath('RG1'), 'CW', 'wrong');
const filtered = (k: number, outcomes: Outcome[]) => filterOf({ k })(refinements(row, outcomes));

describe('filterOf', () => {
  it('keeps a critique with at least k right refinements, and gives their share', () => {
    const outcomes: Outcome[] = ['correct', 'wrong', 'correct', 'unparsed', 'truncated'];
    expect(filtered(2, outcomes)).toEqual({ nRefine: 5, nCorrect: 2, soft: 0.4, keep: true });
    expect(filtered(3, outcomes)).toEqual({ nRefine: 5, nCorrect: 2, soft: 0.4, keep: false });
  });

  it('counts what could not be graded nowhere', () => {
    expect(filtered(1, ['correct', 'ungraded', 'wrong', 'ungraded'])).toEqual({
      nRefine: 2,
      nCorrect: 1,
      soft: 0.5,
      keep: true,
    });
    expect(filtered(1, ['ungraded'])).toEqual({ nRefine: 0, nCorrect: 0, soft: null, keep: false });
  });

  it('has a reason for what it removes', () => {
    expect(filterRemoval(filtered(1, ['correct']))).toBeNull();
    expect(filterRemoval(filtered(2, ['correct', 'wrong']))).toBe('below-k');
    expect(filterRemoval(filtered(1, ['ungraded']))).toBe('not-refined');
    expect(filterRemoval(filtered(1, []))).toBe('not-refined');
  });
});

it('there are seven reasons against a path, nine against an annotation, two of the filter', () => {
  const of = (stage: string) => REMOVALS.filter((removal) => removal.stage === stage).length;
  expect([of('path'), of('annotation'), of('filter'), REMOVALS.length]).toEqual([7, 9, 2, 18]);
});
