import { describe, expect, test } from 'vitest';
import { Concurrency } from '../../../src/backends/inference/concurrency.ts';
import { randomFrom } from '../../../src/method/random.ts';

/** Tokens a second of an engine that decodes `knee` sequences at a time, with noise. */
function engine(knee: number, noise = 0): (limit: number) => number {
  const random = randomFrom(7);
  return (limit) => 50 * Math.min(limit, knee) * (1 + noise * (2 * random.next() - 1));
}

/** Limits after each of so many rounds. */
function run(concurrency: Concurrency, rounds: number, rate: (limit: number) => number): number[] {
  return Array.from({ length: rounds }, () => {
    concurrency.round(rate(concurrency.limit));
    return concurrency.limit;
  });
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

describe('the limit', () => {
  test.each([80, 100, 128, 150, 200, 256, 300, 400, 700])('settles within 0.3 of a knee at %i', (knee) => {
    for (const noise of [0, 0.05]) {
      const concurrency = new Concurrency({ start: 64, most: 4096 });
      const settled = run(concurrency, 60, engine(knee, noise)).slice(10);
      expect(median(settled) / knee).toBeGreaterThan(0.7);
      expect(median(settled) / knee).toBeLessThan(1.3);
      expect(Math.min(...settled)).toBeGreaterThan(0.7 * knee);
    }
  });

  test('doubles up to the most where more always helps, and stays there', () => {
    expect(run(new Concurrency({ start: 64, most: 512 }), 5, engine(10_000))).toEqual([128, 256, 512, 512, 512]);
  });

  test('settles below a most that is beyond the knee', () => {
    const limits = run(new Concurrency({ start: 64, most: 512 }), 30, engine(280));
    expect(median(limits.slice(10))).toBeLessThan(1.3 * 280);
  });

  test('goes up with a knee that moves up', () => {
    const concurrency = new Concurrency({ start: 64, most: 4096 });
    run(concurrency, 20, engine(100));
    const later = run(concurrency, 60, engine(400));
    expect(median(later.slice(-20))).toBeGreaterThan(0.7 * 400);
  });

  test('recovers from a busy spell', () => {
    const concurrency = new Concurrency({ start: 64, most: 4096 });
    run(concurrency, 20, engine(200));
    for (let i = 0; i < 20; i++) concurrency.busy();
    expect(concurrency.limit).toBeLessThan(5);
    const later = run(concurrency, 30, engine(200));
    expect(later.at(-1)).toBeGreaterThan(0.7 * 200);
    expect(later.at(-1)).toBeLessThan(1.3 * 200);
  });

  test('follows an engine that refuses what is over its queue, without falling far', () => {
    const concurrency = new Concurrency({ start: 64, most: 4096 });
    const limits: number[] = [];
    for (let i = 0; i < 100; i++) {
      if (concurrency.limit > 300) concurrency.busy();
      else concurrency.round(50 * concurrency.limit);
      limits.push(concurrency.limit);
    }
    expect(Math.min(...limits.slice(10))).toBeGreaterThan(0.7 * 300);
  });
});

describe('the metrics of an engine', () => {
  const calm = { running: 100, waiting: 0, preemptions: 5 };

  test('shrink the limit where many wait twice in succession', () => {
    const concurrency = new Concurrency({ start: 100, most: 4096 });
    expect(concurrency.load({ ...calm, waiting: 50 })).toBe(false);
    expect(concurrency.load({ ...calm, waiting: 50 })).toBe(true);
    expect(concurrency.limit).toBe(80);
    expect(concurrency.load({ ...calm, waiting: 50 })).toBe(false);
  });

  test('leave it where a few wait, or many did once', () => {
    const concurrency = new Concurrency({ start: 100, most: 4096 });
    for (const waiting of [50, 10, 50, 0, 1, 9]) expect(concurrency.load({ ...calm, waiting })).toBe(false);
    expect(concurrency.limit).toBe(100);
  });

  test('shrink it at once where generations were preempted, and not for those of the past', () => {
    const concurrency = new Concurrency({ start: 100, most: 4096 });
    expect(concurrency.load(calm)).toBe(false);
    expect(concurrency.load({ ...calm, preemptions: 6 })).toBe(true);
    expect(concurrency.load({ ...calm, preemptions: 6 })).toBe(false);
    expect(concurrency.limit).toBe(80);
  });

  test('have a higher limit tried sooner where nothing waits', () => {
    const rounds = (load: boolean) => {
      const concurrency = new Concurrency({ start: 64, most: 4096 });
      concurrency.busy();
      if (load) concurrency.load(calm);
      return run(concurrency, 10, engine(1000)).findIndex((limit) => limit > 51);
    };
    expect(rounds(true)).toBeLessThan(rounds(false));
  });
});
