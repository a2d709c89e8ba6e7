import { z } from 'zod';

/** How many shards a stage is cut into at most: what works on it at once. 8 where it is absent. */
export const shards = z.int().min(1).max(64).optional();

/** The shards of all rounds of a chain are in one history. @returns what is wrong with so many; null: nothing */
export function tooManyShards(count: number | undefined, rounds: number, most: number): string | null {
  if (count === undefined || count * rounds <= most) return null;
  return `expected at most ${Math.floor(most / rounds)} with ${rounds} rounds: the history has them all`;
}
