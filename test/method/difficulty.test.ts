import { expect, it } from 'vitest';
import { levelOf, passRates } from '../../src/method/difficulty.ts';
import { anAttempt } from '../support/attempts.ts';
import fc from '../support/properties.ts';

it.each([
  [10, 10, 1],
  [8, 10, 1],
  [79, 100, 2],
  [3, 5, 2],
  [59, 100, 3],
  [2, 5, 3],
  [1, 5, 4],
  [19, 100, 5],
  [0, 3, 5],
])('%i right of %i is level %i', (correct, total, level) => {
  expect(levelOf({ correct, total })).toBe(level);
});

it('never calls a question harder that is answered right more often', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(499), (total, correct) => {
      fc.pre(correct < total);
      expect(levelOf({ correct: correct + 1, total })).toBeLessThanOrEqual(levelOf({ correct, total }));
    }),
  );
});

it('refuses what is no pass rate', () => {
  for (const rate of [
    { correct: 0, total: 0 },
    { correct: 2, total: 1 },
    { correct: -1, total: 1 },
  ])
    expect(() => levelOf(rate)).toThrow(RangeError);
});

it('counts graded responses by question', () => {
  const rates = passRates();
  for (const outcome of ['correct', 'wrong', 'unparsed', 'truncated', 'ungraded'] as const)
    rates.add(anAttempt({ id: 'a', outcome }));
  rates.add(anAttempt({ id: 'b', outcome: 'correct' }));
  expect(Object.fromEntries(rates.rates())).toEqual({ a: { correct: 1, total: 4 }, b: { correct: 1, total: 1 } });
});
