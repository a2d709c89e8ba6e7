import { expect, it } from 'vitest';
import { passesShortcutBarrier } from '../../src/method/shortcut.ts';

it.each([
  // refinement, response, gold solution
  ['1 22 3.3', '1 2 3 4 5 6', '1 2 3 4 5 6', true], // 4 groups of min(6, 6) - 2
  ['1 22 333', '1 2 3 4 5 6', '1 2 3 4 5 6', false],
  ['1 22 333', '1 2 3 4 5', '1 2 3 4 5 6', true],
  ['1 22 333', '1 2 3 4 5 6', '1 2 3', true],
  ['no numbers', '1 2', undefined, true],
  ['no numbers', '1 2 3', undefined, false],
])('%j after %j with the gold solution %j: %s', (refinement, response, solution, passes) => {
  expect(passesShortcutBarrier(refinement, response, solution)).toBe(passes);
});
