import { randomFrom } from '../random.ts';
import { resampledMean } from './bootstrap.ts';
import { binomial } from './combinatorics.ts';
import { checkScores } from './mean.ts';
import { proportion } from './proportion.ts';

/** Two conditions compared on the same questions. */
export interface Difference {
  /** After minus before, from -1 to 1; null where n is 0. */
  difference: number | null;
  /** Of the 95 % interval. */
  low: number;
  high: number;
  /** Pairs. */
  n: number;
  /** Two-sided, of no difference; null where n is 0. */
  p: number | null;
}

const NOTHING: Difference = { difference: null, low: -1, high: 1, n: 0, p: null };

/**
 * How much more often `after` is true than `before` on the same questions, in the same order, with a 95 % interval: Newcombe's hybrid
 * score interval for paired proportions with a continuity-corrected phi (Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10).
 * p is McNemar's mid-p. With n = 0: difference and p null, interval -1 to 1. Throws RangeError where the lengths differ.
 */
export function pairedDifference(before: readonly boolean[], after: readonly boolean[]): Difference {
  checkPairs(before, after);
  const n = before.length;
  if (n === 0) return NOTHING;

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
    p: midP(gained, lost),
  };
}

/**
 * How much higher `after` scores than `before` on the same questions, in the same order: one score per question, each within 0 and 1, for
 * instance its maj@k. The interval is the bootstrap's, clustered by question, and p a sign-flip permutation test's; where all
 * questions differ by the same amount the interval is that point, and only p tells how little that may mean. Single outcomes belong to
 * `pairedDifference`. With n = 0: difference and p null, interval -1 to 1. Throws RangeError where the lengths differ and for a score
 * outside 0 to 1.
 */
export function pairedScores(before: readonly number[], after: readonly number[], seed: number): Difference {
  checkPairs(before, after);
  checkScores(before, 'score before');
  checkScores(after, 'score after');
  const n = before.length;
  if (n === 0) return NOTHING;
  const differences = after.map((score, question) => score - before[question]!);
  return {
    difference: differences.reduce((sum, each) => sum + each, 0) / n,
    ...resampledMean(differences, seed),
    n,
    p: signFlipP(differences, seed),
  };
}

function checkPairs(before: readonly unknown[], after: readonly unknown[]): void {
  if (before.length !== after.length) throw new RangeError(`not pairs: ${before.length} and ${after.length} outcomes`);
}

/** Method 10's estimate of how the two outcomes go together, -1 to 1. */
function correlation(both: number, gained: number, lost: number, neither: number): number {
  const margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither);
  if (margins === 0) return 0;
  const excess = both * neither - gained * lost;
  const corrected = excess > 0 ? Math.max(excess - (both + gained + lost + neither) / 2, 0) : excess;
  return corrected / Math.sqrt(margins);
}

/**
 * McNemar's mid-p (Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology 13:91): of the pairs that changed, gained ones are
 * binomial with chance 1/2; the chance of a more uneven split plus half that of one as uneven. 1 where no pair changed.
 */
function midP(gained: number, lost: number): number {
  const changed = gained + lost;
  if (changed === 0) return 1;
  const fewer = Math.min(gained, lost);
  let moreUneven = 0;
  for (let hits = 0; hits < fewer; hits++) moreUneven += 2 * binomial(hits, changed, 0.5);
  const asUneven = (gained === lost ? 1 : 2) * binomial(fewer, changed, 0.5);
  return moreUneven + asUneven / 2;
}

/** Up to this many questions that differ, all sign flips are looked at. */
const MOST_FLIPPED = 14;
const FLIPS = 10_000;

/**
 * The share of sign flips of the differences that move the mean at least as far from 0 as it is (Fisher's randomisation test for pairs):
 * of all flips up to 14 differences that are not 0, else of 10,000 random ones and the observed one (Phipson & Smyth 2010, Statistical
 * Applications in Genetics and Molecular Biology 9:39).
 */
function signFlipP(differences: readonly number[], seed: number): number {
  const moved = differences.filter((difference) => difference !== 0);
  const observed = Math.abs(moved.reduce((sum, difference) => sum + difference, 0));
  const rounding = 1e-12 * moved.length;
  const isAsFar = (sum: number) => Math.abs(sum) >= observed - rounding;

  if (moved.length <= MOST_FLIPPED) {
    const sums = moved.reduce((sums, difference) => sums.flatMap((sum) => [sum + difference, sum - difference]), [0]);
    return sums.filter(isAsFar).length / sums.length;
  }
  const random = randomFrom(seed);
  const bits = new Uint32Array(FLIPS);
  const flipped = new Float64Array(FLIPS);
  for (let first = 0; first < moved.length; first += 8) {
    const shift = first % 32;
    if (shift === 0) random.fill(bits);
    const sums = signedSums(moved.slice(first, first + 8));
    for (let flip = 0; flip < FLIPS; flip++) flipped[flip]! += sums[(bits[flip]! >>> shift) & 255]!;
  }
  return (flipped.filter(isAsFar).length + 1) / (FLIPS + 1);
}

/** The sums of up to eight differences for each choice of their signs: plus where the bit of its place is set. */
function signedSums(differences: readonly number[]): Float64Array {
  const sums = new Float64Array(256);
  sums[0] = differences.reduce((sum, difference) => sum - difference, 0);
  for (let signs = 1; signs < 256; signs++) {
    const last = 31 - Math.clz32(signs);
    sums[signs] = sums[signs ^ (1 << last)]! + 2 * (differences[last] ?? 0);
  }
  return sums;
}
