import { describe, expect, test, vi } from 'vitest';
import { Limiter } from '../../../src/backends/inference/limiter.ts';
import fc from '../../support/properties.ts';

const never = new AbortController().signal;
/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function full(limit: number): Promise<Limiter> {
  const limiter = new Limiter({ start: limit, most: 1000 });
  for (let i = 0; i < limit; i++) await limiter.acquire(1, never);
  return limiter;
}

describe('room', () => {
  test('is given in the order of asking, and never above the limit but to a single heavier one', async () => {
    const action = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('ask' as const), weight: fc.integer({ min: 1, max: 12 }) }),
      },
      { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'abort' as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('busy' as const, 'succeeded' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10 }), fc.array(action, { maxLength: 60 }), async (start, actions) => {
        const limiter = new Limiter({ start, most: 20 });
        let waiting: { weight: number; abort: AbortController; number: number }[] = [];
        const running: { weight: number; number: number; round: number }[] = [];
        const started: number[] = [];
        let number = 0;
        const check = async () => {
          await settle();
          const sum = running.reduce((total, { weight }) => total + weight, 0);
          expect(limiter.inFlight).toBe(sum);
          // Whoever waits first has no room: there are no lost wake-ups.
          const next = waiting[0];
          if (next) expect(sum > 0 && sum + next.weight > limiter.limit).toBe(true);
          expect(started).toEqual([...started].sort((a, b) => a - b));
        };
        for (const action of actions) {
          if (action.kind === 'ask') {
            const asked = { weight: action.weight, abort: new AbortController(), number: number++ };
            waiting.push(asked);
            limiter.acquire(asked.weight, asked.abort.signal).then(
              (round) => {
                const before = running.reduce((total, { weight }) => total + weight, 0);
                // Admitted within the limit as it then was; alone, any weight is.
                expect(before === 0 || before + asked.weight <= limiter.limit).toBe(true);
                waiting = waiting.filter((other) => other !== asked);
                running.push({ ...asked, round });
                started.push(asked.number);
              },
              () => {
                waiting = waiting.filter((other) => other !== asked);
              },
            );
          } else if (action.kind === 'end' && running.length > 0) {
            const [ended] = running.splice(action.which % running.length, 1);
            limiter.release(ended!.weight);
          } else if (action.kind === 'abort' && waiting.length > 0) {
            waiting[action.which % waiting.length]!.abort.abort(new Error('aborted'));
          } else if (action.kind === 'busy' && running[0]) {
            limiter.busy(running[0].round);
          } else if (action.kind === 'succeeded' && running[0]) {
            limiter.succeeded(running[0].weight, 1);
          }
          await check();
          expect(limiter.limit).toBeGreaterThanOrEqual(1);
          expect(limiter.limit).toBeLessThanOrEqual(20);
        }
        while (running.length > 0) {
          limiter.release(running.pop()!.weight);
          await check();
        }
        expect(waiting).toEqual([]);
        expect(limiter.inFlight).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test('goes to those behind when the one in front gives up', async () => {
    const limiter = new Limiter({ start: 4, most: 4 });
    await limiter.acquire(3, never);
    const heavy = new AbortController();
    const given: string[] = [];
    const first = limiter.acquire(2, heavy.signal).then(() => given.push('heavy'));
    limiter.acquire(1, never).then(() => given.push('light'));
    await settle();
    expect(given).toEqual([]);
    heavy.abort(new Error('given up'));
    await expect(first).rejects.toThrow('given up');
    await settle();
    expect(given).toEqual(['light']);
    expect(limiter.inFlight).toBe(4);
  });

  test('is not asked for by what is aborted already', async () => {
    const limiter = new Limiter({ start: 4, most: 4 });
    await expect(limiter.acquire(1, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(limiter.inFlight).toBe(0);
  });

  test('is kept by one whose signal comes after it was admitted', async () => {
    const limiter = await full(1);
    const abort = new AbortController();
    const second = limiter.acquire(1, abort.signal);
    limiter.release(1);
    abort.abort(new Error('late'));
    await second;
    expect(limiter.inFlight).toBe(1);
  });
});

describe('the limit', () => {
  test('begins at 64, or lower where the most is', () => {
    expect(new Limiter({ most: 512 }).limit).toBe(64);
    expect(new Limiter({ most: 10 }).limit).toBe(10);
    expect(new Limiter({ start: 384, most: 384 }).limit).toBe(384);
  });

  test('doubles when as many as it allows have succeeded and others wait', async () => {
    const limiter = await full(32);
    limiter.acquire(1, never);
    limiter.succeeded(31, 310);
    expect(limiter.limit).toBe(32);
    limiter.succeeded(1, 10);
    expect(limiter.limit).toBe(64);
  });

  test('stays where it is while there is room that nobody wants', () => {
    const limiter = new Limiter({ start: 32, most: 1000 });
    for (let i = 0; i < 100; i++) limiter.succeeded(1, 10);
    expect(limiter.limit).toBe(32);
  });

  test('shrinks by a fifth once for a whole burst of refusals, and again for a later one', async () => {
    const limiter = new Limiter({ start: 100, most: 1000 });
    const burst: number[] = [];
    for (let i = 0; i < 100; i++) burst.push(await limiter.acquire(1, never));
    for (const round of burst) limiter.busy(round);
    expect(limiter.limit).toBe(80);
    for (let i = 0; i < 100; i++) limiter.release(1);
    limiter.busy(await limiter.acquire(1, never));
    expect(limiter.limit).toBe(64);
  });

  test('never falls below 1', async () => {
    const limiter = new Limiter({ start: 2, most: 8 });
    for (let i = 0; i < 10; i++) {
      limiter.busy(await limiter.acquire(1, never));
      limiter.release(1);
    }
    expect(limiter.limit).toBe(1);
  });

  test('when it grows lets in those who wait', async () => {
    const limiter = await full(4);
    let given = 0;
    for (let i = 0; i < 6; i++) limiter.acquire(1, never).then(() => given++);
    await settle();
    expect(given).toBe(0);
    limiter.succeeded(16, 160);
    await settle();
    expect(given).toBe(4);
    expect(limiter.inFlight).toBe(8);
  });
});

describe('a pause', () => {
  test('holds everybody back until it is over, those who wait and those who come', async () => {
    const limiter = await full(1);
    const given: string[] = [];
    limiter.acquire(1, never).then(() => given.push('first'));
    limiter.pause(Date.now() + 60);
    limiter.release(1);
    await settle();
    limiter.acquire(1, never).then(() => given.push('second'));
    await settle();
    expect(given).toEqual([]);
    await vi.waitFor(() => expect(given).toEqual(['first']));
    limiter.release(1);
    await settle();
    expect(given).toEqual(['first', 'second']);
  });

  test('is as long as the longest that was asked for', async () => {
    const limiter = await full(1);
    limiter.release(1);
    let given = false;
    const until = Date.now() + 60;
    limiter.pause(until);
    limiter.pause(until - 50);
    limiter.acquire(1, never).then(() => {
      given = true;
    });
    await vi.waitFor(() => expect(given).toBe(true));
    expect(Date.now()).toBeGreaterThanOrEqual(until);
  });
});
