import { type Random, randomFrom } from '../random.ts';
import { logChoose } from './combinatorics.ts';

/** An expectation over all k-subsets of n samples. */
export interface Expectation {
  value: number;
  /** Of the Monte-Carlo draws only, not of the samples; 0 where exact. */
  standardError: number;
  exact: boolean;
}

/** Up to this many subsets are all looked at: any k of 16 samples. */
const MOST_SUBSETS = 20_000;
const DRAWS = 2_000;

/**
 * The mean of `score` over all k-subsets of 0 .. n - 1, each given in ascending order; over 2,000 seeded random ones where there are more
 * than 20,000.
 */
export function overSubsets(
  n: number,
  k: number,
  seed: number,
  score: (subset: readonly number[]) => number,
): Expectation {
  const exact = logChoose(n, k) < Math.log(MOST_SUBSETS + 0.5);
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const subset of exact ? subsets(n, k) : randomSubsets(n, k, randomFrom(seed))) {
    const value = score(subset);
    count++;
    sum += value;
    squares += value ** 2;
  }
  const value = sum / count;
  const error = () => Math.sqrt(Math.max(squares / count - value ** 2, 0) / (count - 1));
  return { value, standardError: exact ? 0 : error(), exact };
}

/** The mean over questions, whose errors are independent where each question had a seed of its own. null where there are none. */
export function meanExpectation(questions: readonly Expectation[]): Expectation | null {
  const n = questions.length;
  if (n === 0) return null;
  return {
    value: questions.reduce((sum, { value }) => sum + value, 0) / n,
    standardError: Math.sqrt(questions.reduce((sum, { standardError }) => sum + standardError ** 2, 0)) / n,
    exact: questions.every(({ exact }) => exact),
  };
}

/** In lexicographic order. */
function* subsets(n: number, k: number): Generator<number[]> {
  const chosen = Array.from({ length: k }, (_, place) => place);
  for (;;) {
    yield chosen;
    const movable = chosen.findLastIndex((each, place) => each < n - k + place);
    if (movable < 0) return;
    const moved = chosen[movable]! + 1;
    for (let place = movable; place < k; place++) chosen[place] = moved + place - movable;
  }
}

/** By selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
function* randomSubsets(n: number, k: number, random: Random): Generator<number[]> {
  for (let draw = 0; draw < DRAWS; draw++) {
    const chosen: number[] = [];
    for (let each = 0; chosen.length < k; each++) if (random.int(n - each) < k - chosen.length) chosen.push(each);
    yield chosen;
  }
}
