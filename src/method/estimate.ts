/** The 97.5 % quantile of the normal distribution: every interval here is a two-sided 95 % one. */
const Z = 1.959963984540054;

export interface Proportion {
  successes: number;
  n: number;
  /** null where n is 0: nothing was measured. */
  value: number | null;
  low: number;
  high: number;
}

export interface Difference {
  /** After minus before, from -1 to 1; null where n is 0. */
  difference: number | null;
  low: number;
  high: number;
  /** Pairs. */
  n: number;
}

/**
 * A share with its 95 % Wilson score interval. With n = 0 nothing is known: value null, interval 0 to 1.
 * Rows that could not be graded are the caller's to leave out of both counts. Throws RangeError unless 0 <= successes <= n, integers.
 */
export function proportion(successes: number, n: number): Proportion {
  if (!Number.isInteger(successes) || !Number.isInteger(n) || successes < 0 || successes > n)
    throw new RangeError(`not a share: ${successes} of ${n}`);
  if (n === 0) return { successes, n, value: null, low: 0, high: 1 };

  const value = successes / n;
  const centre = (value + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2))) / (1 + Z ** 2 / n);
  return {
    successes,
    n,
    value,
    low: successes === 0 ? 0 : centre - half,
    high: successes === n ? 1 : centre + half,
  };
}

/**
 * How much more often `after` is true than `before` on the same questions, in the same order, with a 95 % interval: Newcombe's hybrid
 * score interval for paired proportions with a continuity-corrected phi (Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10).
 * With n = 0: difference null, interval -1 to 1. Throws RangeError where the lengths differ.
 */
export function pairedDifference(before: readonly boolean[], after: readonly boolean[]): Difference {
  if (before.length !== after.length) throw new RangeError(`not pairs: ${before.length} and ${after.length} outcomes`);
  const n = before.length;
  if (n === 0) return { difference: null, low: -1, high: 1, n };

  const count = (wasRight: boolean, isRight: boolean) =>
    before.reduce((sum, was, index) => sum + Number(was === wasRight && after[index] === isRight), 0);
  const [both, gained, lost, neither] = [
    count(true, true),
    count(false, true),
    count(true, false),
    count(false, false),
  ];

  const now = proportion(both + gained, n);
  const then = proportion(both + lost, n);
  const phi = correlation(both, gained, lost, neither);
  const reach = (up: number, down: number) => Math.sqrt(up ** 2 - 2 * phi * up * down + down ** 2);
  const difference = (gained - lost) / n;
  return {
    difference,
    low: difference - reach(now.value! - now.low, then.high - then.value!),
    high: difference + reach(now.high - now.value!, then.value! - then.low),
    n,
  };
}

/** Method 10's estimate of how the two outcomes go together, -1 to 1. */
function correlation(both: number, gained: number, lost: number, neither: number): number {
  const margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither);
  if (margins === 0) return 0;
  const excess = both * neither - gained * lost;
  const corrected = excess > 0 ? Math.max(excess - (both + gained + lost + neither) / 2, 0) : excess;
  return corrected / Math.sqrt(margins);
}
