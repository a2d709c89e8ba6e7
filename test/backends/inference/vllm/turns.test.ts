import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../../../../src/backends/inference/vllm/turns.ts';

const NEVER = new AbortController().signal;

/** Turns that tell what begins, and when one wants so wait for it or fail at it. */
function setUp(options: { quantumMs?: number; begin?: (key: string) => Promise<void> } = {}) {
  const story: string[] = [];
  const turns = new Turns({
    quantumMs: options.quantumMs ?? 1_000_000,
    begin: async (key) => {
      story.push(key);
      await options.begin?.(key);
    },
  });
  /** Enters, and tells so. */
  const enter = async (key: string, signal = NEVER) => {
    const leave = await turns.enter(key, signal);
    story.push(`${key} in`);
    return leave;
  };
  return { turns, story, enter };
}

test('requests of one key share its turn, and a turn that nobody wants away is kept', async () => {
  const { story, enter } = setUp();
  const leaves = await Promise.all([enter('a'), enter('a')]);
  for (const leave of leaves) leave();
  (await enter('a'))();
  expect(story).toEqual(['a', 'a in', 'a in', 'a in']);
});

test('a key gives way once none of its requests is in flight; first come, first served', async () => {
  const { story, enter } = setUp();
  const [first, second] = [await enter('a'), await enter('a')];
  const others = [enter('b'), enter('c'), enter('b')];
  first!();
  await sleep(5);
  expect(story).toEqual(['a', 'a in', 'a in']);
  const again = await enter('a');
  second!();
  again();
  const [b, , b2] = [await others[0]!, null, await others[2]!];
  expect(story.slice(4)).toEqual(['b', 'b in', 'b in']);
  b();
  b2();
  (await others[1]!)();
  expect(story.slice(7)).toEqual(['c', 'c in']);
});

test('after a quantum no more of its requests are let in, and those in flight are waited for', async () => {
  const { story, enter } = setUp({ quantumMs: 20 });
  const first = await enter('a');
  const other = enter('b');
  await sleep(40);
  const late = enter('a');
  await sleep(5);
  expect(story).toEqual(['a', 'a in']);
  first();
  (await other)();
  (await late)();
  expect(story).toEqual(['a', 'a in', 'b', 'b in', 'a', 'a in']);
});

test('endless work of two keys alternates', async () => {
  const { story, enter } = setUp({ quantumMs: 10 });
  const until = performance.now() + 300;
  const work = async (key: string) => {
    while (performance.now() < until) {
      const leave = await enter(key);
      await sleep(2);
      leave();
    }
  };
  await Promise.all(['a', 'a', 'a', 'b', 'b', 'b'].map(work));
  const turns = story.filter((event) => !event.endsWith('in'));
  expect(turns.length).toBeGreaterThan(4);
  expect(turns.every((key, i) => i === 0 || key !== turns[i - 1])).toBe(true);
});

test('one who waits may go, and is forgotten', async () => {
  const { story, enter } = setUp({ quantumMs: 10 });
  const first = await enter('a');
  const abort = new AbortController();
  const other = enter('b', abort.signal);
  await sleep(30);
  const late = enter('a');
  abort.abort(new Error('stopped'));
  await expect(other).rejects.toThrow('stopped');
  // Nobody else waits any more.
  (await late)();
  first();
  await expect(enter('b', AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  (await enter('c'))();
  expect(story).toEqual(['a', 'a in', 'a in', 'c', 'c in']);
});

test('one who goes while the turn is made ready leaves it to the next', async () => {
  const { story, enter } = setUp({ begin: () => sleep(20) });
  const abort = new AbortController();
  const first = enter('a', abort.signal);
  const other = enter('b');
  abort.abort(new Error('stopped'));
  await expect(first).rejects.toThrow('stopped');
  (await other)();
  expect(story).toEqual(['a', 'b', 'b in']);
});

test('a turn that can not be made ready fails all who wait for it, and the next one comes', async () => {
  const failing = new Set(['a']);
  const { story, enter } = setUp({
    begin: async (key) => {
      await sleep(5);
      if (failing.has(key)) throw new Error(`no ${key}`);
    },
  });
  const results = await Promise.allSettled([enter('a'), enter('b').then((leave) => leave()), enter('a')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  failing.clear();
  (await enter('a'))();
  expect(story).toEqual(['a', 'b', 'b in', 'a', 'a in']);
});

test('an activity may ask two models at once', async () => {
  const { enter } = setUp();
  const ask = async (key: string) => {
    const leave = await enter(key);
    await sleep(1);
    leave();
  };
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => ask(`model ${i % 2}`).then(() => ask(`model ${(i + 1) % 2}`))),
  );
});
