import type { Voter } from '../../../src/method/vote.ts';
import fc from '../../support/properties.ts';

/** All subsets of the items with k of them, in the items' order. */
export function subsetsOf<T>(items: readonly T[], k: number): T[][] {
  const masks = Array.from({ length: 2 ** items.length }, (_, mask) => mask);
  return masks.map((mask) => items.filter((_, place) => mask & (1 << place))).filter(({ length }) => length === k);
}

/** All orders of the items. */
export function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, place) => ordersOf(items.toSpliced(place, 1)).map((rest) => [first, ...rest]));
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Voters of up to four classes, right or wrong ones, and abstentions. */
export function votersUpTo(most: number, weight: fc.Arbitrary<number> = fc.constant(1)): fc.Arbitrary<Voter[]> {
  const ballots = fc.array(fc.tuple(fc.option(fc.nat(3)), weight), { minLength: 1, maxLength: most });
  const rights = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
  return fc
    .tuple(ballots, rights)
    .map(([ballots, rights]) =>
      ballots.map(([id, weight]) => ({ class: id, right: id !== null && rights[id]!, weight })),
    );
}
