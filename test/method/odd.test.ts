import { expect, test } from 'vitest';
import { addOdd, type OddCounts, oddOutcome } from '../../src/method/odd.ts';

test('a text counts by how it ended, and only else by how it was read', () => {
  expect(oddOutcome('stop', 'correct')).toBeNull();
  expect(oddOutcome('stop', 'unparsed')).toBe('unparsed');
  expect(oddOutcome('stop', 'ungraded')).toBe('ungraded');
  expect(oddOutcome('stop', undefined)).toBeNull();
  expect(oddOutcome('length', 'unparsed')).toBe('truncated');
  expect(oddOutcome('context_exceeded', 'truncated')).toBe('contextExceeded');
  expect(oddOutcome('failed', 'ungraded')).toBe('failed');
});

test('counts add up, and have only what is not 0', () => {
  const counts: OddCounts = {};
  for (const more of [{ truncated: 2 }, {}, { truncated: 1, failed: 1 }]) addOdd(counts, more);
  expect(counts).toEqual({ truncated: 3, failed: 1 });
});
