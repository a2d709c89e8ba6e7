import type { Level } from '../../../method/rows.ts';

type PerLevel = Readonly<Record<Level, number>>;

/** What can happen in a world of word problems. A level is the number of steps of its problems. */
export interface World {
  /** The largest number that a problem reaches. */
  cap: PerLevel;
  /** How often an amount up to 99 is written in words (`forty-two`, `a dozen`) rather than in digits. */
  inWords: PerLevel;
  /** The largest number that anything is multiplied or divided by. */
  largestFactor: number;
}

/** The world that questions come from. */
export const WORLD: World = {
  cap: { 1: 20, 2: 60, 3: 150, 4: 350, 5: 750 },
  inWords: { 1: 0.08, 2: 0.15, 3: 0.22, 4: 0.3, 5: 0.35 },
  largestFactor: 9,
};

export const LEVELS: readonly Level[] = [1, 2, 3, 4, 5];
