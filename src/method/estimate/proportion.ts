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

/**
 * A share with its 95 % Wilson score interval. With n = 0 nothing is known: value null, interval 0 to 1.
 * Rows that could not be graded are the caller's to leave out of both counts. Throws RangeError unless 0 <= successes <= n, integers.
 */
export function proportion(successes: number, n: number): Proportion {
  if (!Number.isInteger(successes) || !Number.isInteger(n) || successes < 0 || successes > n)
    throw new RangeError(`not a share: ${successes} of ${n}`);
  if (n === 0) return { successes, n, value: null, low: 0, high: 1 };
  const value = successes / n;
  return { successes, n, value, ...wilson(value, n) };
}

/**
 * The 95 % Wilson score interval of a mean of n outcomes between 0 and 1 (Wilson 1927, JASA 22:209-212). Outcomes of 0 and 1 vary most for
 * their mean, so for others it is too wide rather than too narrow.
 */
export function wilson(value: number, n: number): { low: number; high: number } {
  const centre = (value + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2))) / (1 + Z ** 2 / n);
  // Rounding may pass either the mean or the ends of the scale, where these are next to each other.
  return { low: Math.max(0, Math.min(value, centre - half)), high: Math.min(1, Math.max(value, centre + half)) };
}
