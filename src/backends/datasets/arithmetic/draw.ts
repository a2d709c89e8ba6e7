import type { Random } from '../../../method/random.ts';

/** An integer from `low` to `high`, both included. */
export const between = (random: Random, low: number, high: number): number => low + random.int(high - low + 1);

export const pick = <T>(random: Random, choices: readonly T[]): T => choices[random.int(choices.length)]!;

/** One of the keys, with odds in proportion to its weight. */
export function pickWeighted<K extends string>(random: Random, weights: Partial<Record<K, number>>): K {
  const entries = Object.entries(weights) as [K, number][];
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  return entries.at(-1)![0];
}
