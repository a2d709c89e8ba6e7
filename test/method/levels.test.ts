import { expect, it } from 'vitest';
import { byLevel } from '../../src/method/levels.ts';
import type { Level } from '../../src/method/rows.ts';

it('reduces each level that occurs, the easiest first', () => {
  const items = ([5, 1, null, 5, 2] as (Level | null)[]).map((level, index) => ({ level, index }));
  const places = byLevel(items, (ofLevel) => ({ places: ofLevel.map(({ index }) => index) }));
  expect(places).toEqual([
    { level: 1, places: [1] },
    { level: 2, places: [4] },
    { level: 5, places: [0, 3] },
  ]);
  expect(byLevel([], () => ({}))).toEqual([]);
});
