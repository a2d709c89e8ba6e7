import { describe, expect, it } from 'vitest';
import { digest, randomFrom, seedFor, shuffle } from '../../src/method/random.ts';
import fc from '../support/properties.ts';

describe('randomFrom', () => {
  it('repeats for a seed and differs for its neighbour', () => {
    const draws = (seed: number) => {
      const random = randomFrom(seed);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
    expect(draws(0)).not.toEqual(draws(1));
  });

  it('keeps giving the numbers that recorded runs were made with', () => {
    const random = randomFrom(1);
    expect([random.int(1000), random.int(1000), random.int(1000)]).toEqual([967, 780, 857]);
  });

  it('fills with the bits that its numbers are made of, and goes on from there', () => {
    const filled = randomFrom(7);
    const bits = new Uint32Array(4);
    filled.fill(bits);
    const random = randomFrom(7);
    const made = (high: number, low: number) => ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
    expect([random.next(), random.next()]).toEqual([made(bits[0]!, bits[1]!), made(bits[2]!, bits[3]!)]);
    expect(filled.next()).toBe(random.next());
  });

  it('is uniform', () => {
    const random = randomFrom(3);
    const bins = new Array(20).fill(0);
    for (let draw = 0; draw < 40_000; draw++) bins[random.int(20)]++;
    const chiSquared = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquared).toBeLessThan(43.8); // 19 degrees of freedom, p = 0.001
  });
});

describe('seedFor', () => {
  it('is a positive 31-bit integer that depends on each part and on where it ends', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.integer())), (parts) => {
        const seed = seedFor(...parts);
        expect(Number.isInteger(seed) && seed >= 1 && seed < 2 ** 31).toBe(true);
      }),
    );
    expect(seedFor('a', 'bc')).not.toBe(seedFor('ab', 'c'));
    expect(seedFor(1, 'sample', 'q', 0)).not.toBe(seedFor(1, 'sample', 'q', 1));
  });

  it('has no collision over a stage of 30,000 samples beyond what 31 bits must have', () => {
    const seeds = new Set<number>();
    for (let question = 0; question < 10_000; question++)
      for (let sample = 0; sample < 3; sample++) seeds.add(seedFor(17, 'sample', `gsm8k-train-${question}`, sample));
    expect(seeds.size).toBeGreaterThan(29_995);
  });

  it('keeps giving the seeds that recorded runs were made with', () => {
    expect(seedFor(17, 'sample', 'gsm8k-train-3', 0)).toBe(1242844061);
  });
});

it('digest tells apart texts that differ in one character', () => {
  const digests = new Set(Array.from({ length: 20_000 }, (_, index) => digest(`The answer is ${index}.`)));
  expect(digests.size).toBe(20_000);
});

describe('shuffle', () => {
  it('keeps every item, leaves its input alone and repeats for a seed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items];
        const shuffled = shuffle(items, randomFrom(seed));
        expect([...shuffled].sort()).toEqual([...items].sort());
        expect(items).toEqual(before);
        expect(shuffle(items, randomFrom(seed))).toEqual(shuffled);
      }),
    );
  });

  it('puts every item first equally often', () => {
    const random = randomFrom(11);
    const first = [0, 0, 0, 0];
    for (let draw = 0; draw < 8000; draw++) first[shuffle([0, 1, 2, 3], random)[0]!]!++;
    for (const count of first) expect(Math.abs(count - 2000)).toBeLessThan(155); // 4 standard deviations
  });
});
