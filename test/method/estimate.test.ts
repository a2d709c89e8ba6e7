import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairedDifference, proportion } from '../../src/method/estimate.ts';
import { randomFrom } from '../../src/method/random.ts';

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

describe('proportion', () => {
  it.each([
    // Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (Wilson).
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %i in %i is the published interval', (successes, n, low, high) => {
    const estimate = proportion(successes, n);
    expect(estimate.value).toBe(successes / n);
    expect(estimate.low).toBeCloseTo(low, 4);
    expect(estimate.high).toBeCloseTo(high, 4);
  });

  it('holds the share, within 0 and 1, and mirrors failures', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (successes, failures) => {
        fc.pre(successes + failures > 0);
        const { value, low, high, n } = proportion(successes, successes + failures);
        expect(0 <= low && low <= value! && value! <= high && high <= 1).toBe(true);
        const mirrored = proportion(failures, n);
        expect(mirrored.low).toBeCloseTo(1 - high, 12);
      }),
    );
  });

  it('says that nothing is known of nothing, and refuses what is no share', () => {
    expect(proportion(0, 0)).toEqual({ successes: 0, n: 0, value: null, low: 0, high: 1 });
    for (const [successes, n] of [
      [2, 1],
      [-1, 3],
      [0.5, 2],
      [Number.NaN, 2],
    ] as const)
      expect(() => proportion(successes, n)).toThrow(RangeError);
  });
});

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
    expect(pairedDifference([], [])).toEqual({ difference: null, low: -1, high: 1, n: 0 });
    expect(() => pairedDifference([true], [])).toThrow(RangeError);
  });
});
