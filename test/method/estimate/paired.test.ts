import { describe, expect, it } from 'vitest';
import { pairedDifference, pairedScores } from '../../../src/method/estimate.ts';
import { randomFrom } from '../../../src/method/random.ts';
import fc from '../../support/properties.ts';
import { mean } from './brute-force.ts';

/** The four cells of a paired table as outcomes: both right, gained, lost, neither. */
function paired(both: number, gained: number, lost: number, neither: number): [boolean[], boolean[]] {
  const cells: [number, boolean, boolean][] = [
    [both, true, true],
    [gained, false, true],
    [lost, true, false],
    [neither, false, false],
  ];
  return [
    cells.flatMap(([count, before]) => new Array<boolean>(count).fill(before)),
    cells.flatMap(([count, , after]) => new Array<boolean>(count).fill(after)),
  ];
}

/** All ways to give n items a sign. */
const signsOf = (n: number) =>
  Array.from({ length: 2 ** n }, (_, mask) => Array.from({ length: n }, (_, place) => (mask & (1 << place) ? 1 : -1)));

describe('pairedDifference', () => {
  it.each([
    // Newcombe 1998, Statistics in Medicine 17:2635-2650, table III, method 10.
    [36, 12, 2, 0, 0.0569, 0.3404],
    [0, 0, 30, 0, -1, -0.8395],
  ])('of the table %i, %i, %i, %i is the published interval', (both, gained, lost, neither, low, high) => {
    const estimate = pairedDifference(...paired(both, gained, lost, neither));
    expect(estimate.low).toBeCloseTo(low, 3);
    expect(estimate.high).toBeCloseTo(high, 3);
  });

  it('mirrors when before and after change places, and holds the difference', () => {
    const cell = fc.nat(60);
    fc.assert(
      fc.property(cell, cell, cell, cell, (both, gained, lost, neither) => {
        fc.pre(both + gained + lost + neither > 0);
        const [before, after] = paired(both, gained, lost, neither);
        const there = pairedDifference(before, after);
        const back = pairedDifference(after, before);
        expect(there.low <= there.difference! && there.difference! <= there.high).toBe(true);
        expect(there.low >= -1 - 1e-12 && there.high <= 1 + 1e-12).toBe(true);
        expect(back.low).toBeCloseTo(-there.high, 12);
        expect(back.high).toBeCloseTo(-there.low, 12);
        expect(back.p).toBe(there.p);
      }),
    );
  });

  it.each([
    // Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology 13:91, on the data of Bentur et al.
    [1, 1, 7, 12, 0.0391],
    [3, 0, 0, 4, 1],
    [5, 1, 0, 5, 0.5],
    [0, 2500, 2500, 0, 0.994],
  ])('of the table %i, %i, %i, %i has the mid-p of McNemar', (both, gained, lost, neither, p) => {
    expect(pairedDifference(...paired(both, gained, lost, neither)).p).toBeCloseTo(p, 3);
  });

  it('has the mid-p that all ways for the changed pairs to have changed add up to', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(6), fc.nat(9), (gained, lost, unchanged) => {
        fc.pre(gained + lost > 0);
        const uneven = signsOf(gained + lost).map((signs) => Math.abs(signs.reduce((sum, sign) => sum + sign, 0)));
        const observed = Math.abs(gained - lost);
        const expected = mean(uneven.map((each) => (each > observed ? 1 : each === observed ? 0.5 : 0)));
        expect(pairedDifference(...paired(unchanged, gained, lost, 2)).p).toBeCloseTo(expected, 12);
      }),
    );
  });

  it.each([
    [200, 0.5, 0.1, 0.05],
    [200, 0.05, 0.02, 0.02],
    [1000, 0.6, 0.2, 0.03],
  ])('covers the truth about 95 times in 100 (n = %i, both %f, gained %f, lost %f)', (n, both, gained, lost) => {
    const random = randomFrom(n + both * 100);
    let covered = 0;
    const runs = 1500;
    for (let run = 0; run < runs; run++) {
      const before: boolean[] = [];
      const after: boolean[] = [];
      for (let pair = 0; pair < n; pair++) {
        const draw = random.next();
        before.push(draw < both || (draw >= both + gained && draw < both + gained + lost));
        after.push(draw < both + gained);
      }
      const { low, high } = pairedDifference(before, after);
      if (low <= gained - lost && gained - lost <= high) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.93);
    expect(covered / runs).toBeLessThan(0.985);
  });

  it('says that nothing is known of nothing, and refuses what is not paired', () => {
    expect(pairedDifference([], [])).toEqual({ difference: null, low: -1, high: 1, n: 0, p: null });
    expect(() => pairedDifference([true], [])).toThrow(RangeError);
  });
});

describe('pairedScores', () => {
  const score = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8);
  const pairsUpTo = (maxLength: number) => fc.array(fc.tuple(score, score), { minLength: 1, maxLength });

  /** By every flip of every difference, those of 0 included. */
  function enumerated(pairs: readonly (readonly [number, number])[]): number {
    const differences = pairs.map(([before, after]) => after - before);
    const far = (signs: number[]) => Math.abs(differences.reduce((sum, each, place) => sum + each * signs[place]!, 0));
    const observed = far(differences.map(() => 1));
    return mean(signsOf(differences.length).map((signs) => Number(far(signs) >= observed)));
  }
  const compare = (pairs: readonly (readonly [number, number])[], seed = 1) =>
    pairedScores(
      pairs.map(([before]) => before),
      pairs.map(([, after]) => after),
      seed,
    );

  it('has the p of all sign flips, whatever the order of the questions', () => {
    fc.assert(
      fc.property(pairsUpTo(10), fc.integer(), (pairs, seed) => {
        const { p, n, difference } = compare(pairs, seed);
        expect(p).toBeCloseTo(enumerated(pairs), 12);
        expect(n).toBe(pairs.length);
        expect(difference).toBeCloseTo(mean(pairs.map(([before, after]) => after - before)), 12);
        expect(compare(pairs.toReversed(), seed).p).toBe(p);
      }),
    );
  });

  it('comes close to it by random flips where there are too many', () => {
    const random = randomFrom(5);
    for (const shift of [0, 1, 2]) {
      const pairs = Array.from({ length: 16 }, () => [random.int(7) / 8, (random.int(7) + shift) / 8] as const);
      const differing = pairs.filter(([before, after]) => before !== after);
      while (differing.length < 15) differing.push([0.25, 0.375]);
      const p = enumerated(differing);
      expect(Math.abs(compare(differing, shift).p! - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 10_000) + 1e-4);
    }
  });

  it('draws a sign for each of many questions', () => {
    const gain = Array.from({ length: 32 }, () => [0, 0.9] as const);
    const loss = Array.from({ length: 32 }, () => [0.8, 0] as const);
    // The chance of |9 a + 8 b| >= 32 for sums a and b of 32 signs each, summed over the binomial distribution of both.
    expect(Math.abs(compare([...gain, ...loss]).p! - 0.66825)).toBeLessThan(0.02);
  });

  it('never claims a p of 0, and ties of fractions are ties', () => {
    const thirds = Array.from({ length: 40 }, () => [0, 1 / 3] as const);
    expect(compare(thirds).p).toBeCloseTo(1 / 10_001, 12);
    expect(compare([...thirds.slice(0, 5), ...thirds.slice(0, 5).map(([a, b]) => [b, a] as const)]).p).toBe(1);
    expect(
      compare([
        [0.1, 0.4],
        [0.4, 0.1],
        [0.3, 0.1],
      ]).p,
    ).toBe(
      enumerated([
        [1, 4],
        [4, 1],
        [3, 1],
      ]),
    );
  });

  it('mirrors when before and after change places', () => {
    fc.assert(
      fc.property(pairsUpTo(20), (pairs) => {
        const there = compare(pairs);
        const back = compare(pairs.map(([before, after]) => [after, before]));
        expect(back.difference).toBeCloseTo(-there.difference!, 12);
        expect(back.low).toBeCloseTo(-there.high, 12);
        expect(back.high).toBeCloseTo(-there.low, 12);
        expect(back.p).toBe(there.p);
      }),
      { numRuns: 30 },
    );
  });

  it('covers the truth about 95 times in 100, and rejects no difference about 5 times', () => {
    const random = randomFrom(8);
    const runs = 300;
    let covered = 0;
    let rejected = 0;
    for (let run = 0; run < runs; run++) {
      const pairs = Array.from({ length: 50 }, () => {
        const ability = random.next();
        const share = () => Array.from({ length: 4 }).filter(() => random.next() < ability).length / 4;
        return [share(), share()] as const;
      });
      const { low, high, p } = compare(pairs, run);
      if (low <= 0 && 0 <= high) covered++;
      if (p! <= 0.05) rejected++;
    }
    expect(covered / runs).toBeGreaterThan(0.91);
    expect(covered / runs).toBeLessThan(0.985);
    expect(rejected / runs).toBeGreaterThan(0.015);
    expect(rejected / runs).toBeLessThan(0.09);
  });

  it('says that nothing is known of nothing, and refuses what is not paired or no score', () => {
    expect(pairedScores([], [], 1)).toEqual({ difference: null, low: -1, high: 1, n: 0, p: null });
    expect(() => pairedScores([1], [], 1)).toThrow('not pairs: 1 and 0 outcomes');
    expect(() => pairedScores([0], [2], 1)).toThrow(
      new RangeError('score after 0 is 2, expected a number from 0 to 1'),
    );
    expect(() => pairedScores([0, Number.NaN], [1, 1], 1)).toThrow('score before 1 is NaN');
  });
});
