import type { Difference } from './paired.ts';

/** What was measured of one sample. */
interface Estimate {
  /** null where n is 0. */
  value: number | null;
  low: number;
  high: number;
  n: number;
}

/**
 * How much more `after` is than `before`, where the two are of different samples, with a 95 % interval that squares and adds the
 * distances from each to its own limits. Of two shares with Wilson intervals it is Newcombe's (1998, Statistics in Medicine 17:873-890,
 * method 10); of other estimates MOVER (Zou & Donner 2008, Statistics in Medicine 27:1693-1702). n is of both. Where one of them is of
 * nothing: difference null. There is no p.
 */
export function independentDifference(before: Estimate, after: Estimate): Omit<Difference, 'p'> {
  const n = before.n + after.n;
  if (before.value === null || after.value === null) return { difference: null, low: -1, high: 1, n };
  const difference = after.value - before.value;
  return {
    difference,
    low: difference - Math.hypot(after.value - after.low, before.high - before.value),
    high: difference + Math.hypot(after.high - after.value, before.value - before.low),
    n,
  };
}
