import type { Level } from './rows.ts';

/** Reduces what is of one level, for each level that occurs, the easiest first. What has no level is in none of them. */
export function byLevel<T extends { level: Level | null }, R extends object>(
  items: readonly T[],
  reduce: (ofLevel: T[]) => R,
): ({ level: Level } & R)[] {
  const levels = [...new Set(items.map(({ level }) => level))].filter((level) => level !== null).sort();
  return levels.map((level) => ({ level, ...reduce(items.filter((item) => item.level === level)) }));
}
