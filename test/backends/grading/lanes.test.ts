import { describe, expect, it } from 'vitest';
import { type Lane, LaneDied, Lanes } from '../../../src/backends/grading/lanes.ts';

/** A lane whose batches are answered, or which dies of them, when the test says so. */
class TestLane implements Lane<string, string> {
  alive = true;
  batch: string[] = [];
  #answer!: (answers: string[]) => void;
  #die!: (error: Error) => void;

  run(batch: string[]): Promise<string[]> {
    this.batch = batch;
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#die = reject;
    });
  }

  async answer(): Promise<void> {
    this.#answer(this.batch.map((task) => task.toUpperCase()));
    await settle();
  }

  async die(at: number): Promise<void> {
    this.alive = false;
    this.#die(new LaneDied('dead', at));
    await settle();
  }

  async close(): Promise<void> {
    this.alive = false;
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

function lanesOf({ most = 1, batch = 1 } = {}) {
  const started: TestLane[] = [];
  const lanes = new Lanes<string, string>({
    most,
    batch,
    start: async () => {
      const lane = new TestLane();
      started.push(lane);
      return lane;
    },
  });
  return { lanes, started };
}

describe('lanes', () => {
  it('are started when there is work, and no more than there is work for', async () => {
    const { lanes, started } = lanesOf({ most: 3 });
    expect(started).toHaveLength(0);
    void lanes.run('a');
    await settle();
    expect(started).toHaveLength(1);
    for (const task of ['b', 'c', 'd', 'e']) void lanes.run(task);
    await settle();
    expect(started.map(({ batch }) => batch)).toEqual([['a'], ['b'], ['c']]);
  });

  it('take what waits in its order, several at a time', async () => {
    const { lanes, started } = lanesOf({ batch: 2 });
    const answers = Promise.all(['a', 'b', 'c'].map((task) => lanes.run(task)));
    await settle();
    const [lane] = started;
    expect(lane!.batch).toEqual(['a', 'b']);
    await lane!.answer();
    expect(lane!.batch).toEqual(['c']);
    await lane!.answer();
    expect(await answers).toEqual(['A', 'B', 'C']);
  });

  it('deal evenly', async () => {
    const { lanes, started } = lanesOf({ most: 2, batch: 32 });
    for (const task of ['a', 'b', 'c', 'd']) void lanes.run(task);
    await settle();
    expect(started.map(({ batch }) => batch)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('go on after a death with all but the task that caused it, which comes first in line', async () => {
    const { lanes, started } = lanesOf({ batch: 3 });
    const outcomes = Promise.allSettled(['a', 'b', 'c', 'd'].map((task) => lanes.run(task)));
    await settle();
    await started[0]!.die(1);
    expect(started[1]!.batch).toEqual(['a', 'c', 'd']);
    await started[1]!.answer();
    expect(await outcomes).toMatchObject([
      { value: 'A' },
      { reason: { message: 'dead' } },
      { value: 'C' },
      { value: 'D' },
    ]);
  });

  it('blame a whole batch where nobody knows which task it was', async () => {
    const { lanes, started } = lanesOf({ batch: 2 });
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((task) => lanes.run(task)));
    await settle();
    await started[0]!.die(-1);
    await started[1]!.answer();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('that died idle are passed over', async () => {
    const { lanes, started } = lanesOf();
    const first = lanes.run('a');
    await settle();
    await started[0]!.answer();
    await first;
    started[0]!.alive = false;
    const second = lanes.run('b');
    await settle();
    await started[1]!.answer();
    expect(await second).toBe('B');
  });

  it('that cannot be started fail what waits only where there is no other', async () => {
    let starts = 0;
    const lane = new TestLane();
    const lanes = new Lanes<string, string>({
      most: 2,
      batch: 1,
      start: async () => {
        if (++starts !== 2) throw new Error(`start ${starts}`);
        return lane;
      },
    });
    await expect(lanes.run('a')).rejects.toThrow('start 1');
    const work = [lanes.run('b'), lanes.run('c')];
    await settle();
    expect(starts).toBe(3);
    await lane.answer();
    await lane.answer();
    expect(await Promise.all(work)).toEqual(['B', 'C']);
  });

  it('leave out what is aborted while it waits', async () => {
    const { lanes, started } = lanesOf();
    const abort = new AbortController();
    const working = lanes.run('a', abort.signal);
    const waiting = lanes.run('b', abort.signal);
    const other = lanes.run('c');
    await settle();
    abort.abort(new Error('enough'));
    await expect(working).rejects.toThrow('enough');
    await expect(waiting).rejects.toThrow('enough');
    await expect(lanes.run('d', abort.signal)).rejects.toThrow('enough');
    await started[0]!.answer();
    expect(started[0]!.batch).toEqual(['c']);
    await started[0]!.answer();
    expect(await other).toBe('C');
  });
});
