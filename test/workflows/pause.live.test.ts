import { readFile } from 'node:fs/promises';
import { type WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/method/rows.ts';
import type { RunReport } from '../../src/report/data.ts';
import { Bench, eventually, fingerprint, type RunHandle } from '../support/bench.ts';
import type { FakeOpenAi, FakeRequest, Hold } from '../support/fake-openai.ts';
import type { RunShape } from '../support/run-input.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

const SHAPE = { pool: 100, tested: 40 } satisfies Partial<RunShape>;
const explores = ({ question }: FakeRequest) => question.id.startsWith('arithmetic-train');
const late = ({ question }: FakeRequest) => Number(question.id.split('-').at(-1)) % 50 >= 25;

/** A run whose exploration has half of a stage's rows done and the other half in flight. */
async function halfWay(
  id: string,
  kind: FakeRequest['kind'] = 'solve',
  shape: Partial<RunShape> = SHAPE,
): Promise<{ fake: FakeOpenAi; handle: RunHandle; hold: Hold }> {
  const fake = await bench.fake();
  const stage = (request: FakeRequest) => explores(request) && request.kind === kind;
  const hold = fake.hold((request) => stage(request) && late(request));
  const handle = await bench.start(id, bench.input(fake, shape));
  await hold.reached(10);
  await eventually('the first half', async () =>
    fake.requests.every((it) => it.state !== 'pending' || (stage(it) && late(it))),
  );
  return { fake, handle, hold };
}

const idle = (fake: FakeOpenAi) => eventually('an idle engine', async () => fake.inFlight === 0, 5_000);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the same run gives when nobody disturbs it. */
let undisturbed: string;

describe('pause and resume', () => {
  it('an undisturbed run, to compare with', async () => {
    const fake = await bench.fake();
    await (await bench.start('undisturbed', bench.input(fake, SHAPE))).result();
    undisturbed = await fingerprint(bench.workers.store.root, 'undisturbed');
  });

  it.each(['solve', 'critique', 'refine'] as const)(
    'in the middle of %s: nothing is generated meanwhile, nothing twice, nothing lost',
    async (kind) => {
      const id = `paused-${kind}`;
      const { fake, handle, hold } = await halfWay(id, kind);
      await handle.signal('pause');
      await idle(fake);
      expect(await bench.progress(handle)).toMatchObject({ state: 'paused', waitingFor: 'the signal "resume"' });
      const before = fake.requests.length;
      await sleep(700);
      expect(fake.requests).toHaveLength(before);
      hold.release();
      await handle.signal('resume');
      expect(await handle.result()).toMatchObject({ status: 'completed' });
      if (kind === 'solve') await bench.record('paused', handle);
      expect(fake.repeated).toEqual([]);
      expect(await fingerprint(bench.workers.store.root, id)).toBe(undisturbed);
    },
  );

  it('in the middle of a fine-tune: it is cancelled, and goes on under the same key', async () => {
    const fake = await bench.fake();
    const { training } = bench.workers;
    training.held = true;
    const handle = await bench.start('paused-training', bench.input(fake, { ...SHAPE, iterations: 0 }));
    const ours = () => training.submitted.filter(({ output }) => output.includes('/paused-training/'));
    await eventually('the fine-tune', async () => ours().length === 1);
    await handle.signal('pause');
    await eventually(
      'its end',
      async () => training.cancelled.some(({ output }) => output.includes('/paused-training/')),
      5_000,
    );
    training.held = false;
    await sleep(300);
    expect(ours()).toHaveLength(1);
    await handle.signal('resume');
    expect((await handle.result()).status).toBe('completed');
    expect(ours()).toHaveLength(2);
    expect(ours()[1]).toEqual(ours()[0]);
  });

  it('a resume that comes before the pause has taken effect', async () => {
    // More shards than an inference worker takes at once: some are cancelled before they begin.
    const { fake, handle, hold } = await halfWay('paused-hastily', 'solve', { ...SHAPE, critic: null, pool: 300 });
    await handle.signal('pause');
    await handle.signal('resume');
    hold.release();
    expect((await handle.result()).status).toBe('completed');
    expect(fake.repeated).toEqual([]);
    expect(await bench.stage('paused-hastily', 'iteration-1/sample')).toHaveLength(600);
  });

  it('forty pauses and resumes from the first to the last moment', async () => {
    const fake = await bench.fake();
    const id = 'paused-often';
    const handle = await bench.start(id, bench.input(fake, SHAPE));
    // It may end before the last of them.
    const signal = (name: string) =>
      handle.signal(name).catch((error) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
    for (let i = 0; i < 20; i++) {
      await signal('pause');
      await sleep((i * 37) % 60);
      await signal('resume');
      await sleep((i * 53) % 80);
    }
    expect((await handle.result()).status).toBe('completed');
    expect(await fingerprint(bench.workers.store.root, id)).toBe(undisturbed);
  });

  it('a paused run can be stopped, and keeps what it has', async () => {
    const { fake, handle } = await halfWay('paused-stopped');
    await handle.signal('pause');
    await idle(fake);
    await handle.signal('stop', { mode: 'drain', reason: 'not worth it' });
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'stopped', reason: 'not worth it' });
    expect(result.datasets.at(-1)!.iteration).toBe(1);
    expect(await bench.stage<Attempt>('paused-stopped', 'iteration-1/sample', 'part')).toHaveLength(2 * 50);
  });
});

describe('cancel and terminate', () => {
  const failure = async (handle: RunHandle) =>
    await handle.result().then(
      () => 'completed',
      (error: WorkflowFailedError) => error.cause!.constructor.name,
    );
  const childStatus = async (id: string) =>
    (await bench.client.workflow.getHandle(`${id}/iteration-1`).describe()).status.name;

  it('cancel ends the iteration, frees the engine and leaves a report', async () => {
    const { fake, handle } = await halfWay('cancelled');
    await handle.cancel();
    await idle(fake);
    expect(await failure(handle)).toBe('CancelledFailure');
    expect(await childStatus('cancelled')).toBe('CANCELLED');
    const report = JSON.parse(
      await readFile(bench.workers.store.path('runs/cancelled/report.json'), 'utf8'),
    ) as RunReport;
    expect(report).toMatchObject({ status: 'cancelled', iterations: [{ iteration: 0 }] });
  });

  it('terminate frees the engine too; the same input under the same ID goes on from its rows', async () => {
    const { fake, handle, hold } = await halfWay('terminated');
    await handle.terminate();
    await idle(fake);
    expect(await failure(handle)).toBe('TerminatedFailure');
    expect(await childStatus('terminated')).toBe('TERMINATED');
    await sleep(500);
    hold.release();
    const again = await bench.start('terminated', bench.input(fake, SHAPE));
    expect((await again.result()).status).toBe('completed');
    expect(fake.repeated).toEqual([]);
    expect(await fingerprint(bench.workers.store.root, 'terminated')).toBe(undisturbed);
  });

  it('a finished run, started again, generates nothing and gives the same', async () => {
    const fake = await bench.fake();
    const before = await bench.client.workflow.getHandle('terminated').result();
    // The endpoint is part of the input: it has to be where it was.
    const first = await bench.start('finished', bench.input(fake, SHAPE));
    const result = await first.result();
    const asked = fake.requests.length;
    const again = await (await bench.start('finished', bench.input(fake, SHAPE))).result();
    expect(again).toEqual(result);
    expect(fake.requests).toHaveLength(asked);
    expect(before).toMatchObject({ status: 'completed' });
  });

  it('another input under the same ID is refused', async () => {
    const fake = await bench.fake();
    const handle = await bench.start('finished', bench.input(fake, { ...SHAPE, samples: 3 }));
    const failed = (await handle.result().catch((error) => error)) as WorkflowFailedError;
    const cause = failed.cause as Error & { type: string };
    expect(cause.type).toBe('StoreConflict');
    expect(cause.message).toContain('holds the results of another input of workflow ID "finished"');
    expect(fake.requests).toEqual([]);
  });
});
