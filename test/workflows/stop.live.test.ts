import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/method/rows.ts';
import type { SftKind, SftRow } from '../../src/method/sft.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import type { SelfImproveResult, selfImprove } from '../../src/workflows/self-improve.ts';
import { Bench, eventually, type RunHandle } from '../support/bench.ts';
import type { FakeOpenAi, FakeRequest } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

const MODES = ['drain', 'now'] as const;
const POOL = 60;
/** In each stage, what comes of these questions is answered and the rest is kept waiting. */
const ANSWERED = 25;

const numberOf = ({ question }: FakeRequest) => Number(question.id.split('-').at(-1));
const explores = (request: FakeRequest) => request.question.id.startsWith('arithmetic-train');

const STAGES: Record<string, (request: FakeRequest) => boolean> = {
  sample: (request) => explores(request) && request.kind === 'solve',
  critique: (request) => explores(request) && request.kind === 'critique',
  refine: (request) => explores(request) && request.kind === 'refine',
  evaluate: (request) => !explores(request) && request.kind === 'solve' && request.model.includes('/iteration-1/'),
};

/** Brings a run into the middle of a stage of iteration 1: some rows done, some in flight. */
async function inTheMiddleOf(
  stage: string,
  id: string,
): Promise<{ fake: FakeOpenAi; handle: RunHandle; letGo: () => void }> {
  const fake = await bench.fake();
  const { training } = bench.workers;
  if (stage === 'fine-tune')
    bench.workers.before = (activity, task) => {
      if (activity === 'submitFineTune' && (task as { output: string }).output.includes(`${id}/iteration-1`))
        training.held = true;
    };
  const match = STAGES[stage] ?? (() => false);
  const hold = fake.hold((request) => match(request) && numberOf(request) >= ANSWERED);
  const handle = await bench.start(id, bench.input(fake, { iterations: 2, pool: POOL, tested: POOL }));
  if (stage === 'fine-tune') await eventually('the fine-tune', async () => training.held);
  else {
    await hold.reached(5);
    await eventually(
      'the others',
      async () =>
        fake.requests.filter(({ state }) => state === 'pending').length ===
        fake.requests.filter((r) => match(r) && numberOf(r) >= ANSWERED).length,
    );
  }
  const letGo = () => {
    hold.release();
    training.held = false;
  };
  return { fake, handle, letGo };
}

/** Whether a stop has come as far as the iteration, which decides what comes next. */
async function isTold(id: string): Promise<boolean> {
  const { events } = await bench.client.workflow.getHandle(`${id}/iteration-1`).fetchHistory();
  return events!.some(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'stop');
}

async function lastDataset(result: SelfImproveResult): Promise<Partial<Record<SftKind, number>>> {
  const { uri, rows } = result.datasets.at(-1)!;
  const found = await bench.rows<SftRow>(uri);
  expect(found).toHaveLength(rows);
  const count: Partial<Record<SftKind, number>> = {};
  for (const { kind } of found) count[kind] = (count[kind] ?? 0) + 1;
  return count;
}

async function expectUsable(result: SelfImproveResult, reason: string): Promise<void> {
  expect(result).toMatchObject({ status: 'stopped', reason });
  if (result.checkpoint)
    expect(existsSync(bench.workers.store.path(`${result.checkpoint.uri}/config.json`))).toBe(true);
  const report = await bench.reportText(result.run);
  expect(report).toContain(reason);
}

describe.each(MODES)('stop, mode %s', (mode) => {
  it.each(['sample', 'critique', 'refine', 'fine-tune', 'evaluate'])('in the middle of %s', async (stage) => {
    const id = `stop-${mode}-${stage}`;
    const { fake, handle, letGo } = await inTheMiddleOf(stage, id);
    const reason = `enough of ${stage}`;
    const asked = Date.now();
    await handle.signal('stop', { mode, reason });
    if (mode === 'now') {
      await eventually('an idle engine', async () => fake.inFlight === 0, 5_000);
      if (stage === 'fine-tune')
        await eventually(
          'an idle trainer',
          async () => bench.workers.training.cancelled.some(({ output }) => output.includes(id)),
          5_000,
        );
      expect(Date.now() - asked).toBeLessThan(5_000);
    } else {
      await eventually('the news', () => isTold(id));
      letGo();
    }
    const result = await handle.result();
    letGo();
    if (stage === 'sample') await bench.record(`stopped-${mode}`, handle);
    await expectUsable(result, reason);

    const sft = await lastDataset(result);
    const part = mode === 'now' ? 'part' : 'whole';
    const done = (name: string, of: 'whole' | 'part' = 'whole') => bench.stage<Attempt>(id, `iteration-1/${name}`, of);
    const kindsAsked = new Set(fake.requests.filter(explores).map(({ kind }) => kind));
    switch (stage) {
      case 'sample':
        expect(await done('sample', part)).toHaveLength(2 * (mode === 'now' ? ANSWERED : POOL));
        expect([...kindsAsked]).toEqual(['solve']);
        expect(sft.correct).toBeGreaterThan(5);
        expect(sft).not.toHaveProperty('refined');
        break;
      case 'critique':
        expect((await done('critique', part)).length).toBeGreaterThan(5);
        expect([...kindsAsked]).toEqual(['solve', 'critique']);
        expect(sft).not.toHaveProperty('refined');
        break;
      case 'refine':
        expect((await done('refine', part)).length).toBeGreaterThan(5);
        expect(sft.refined).toBeGreaterThan(3);
        break;
    }
    const trained = stage === 'evaluate' || (stage === 'fine-tune' && mode === 'drain');
    expect(result.checkpoint!.uri).toContain(`/iteration-${trained ? 1 : 0}/`);
    expect(result.iterations).toHaveLength(stage === 'evaluate' && mode === 'drain' ? 2 : 1);
    expect(result.datasets).toHaveLength(2);
    expect(fake.repeated).toEqual([]);
  });

  it('before the first task', async () => {
    const fake = await bench.fake();
    const handle = bench.follow(
      (await bench.client.workflow.signalWithStart<typeof selfImprove, [{ mode: string; reason: string }]>(
        'selfImprove',
        {
          workflowId: `stop-${mode}-first`,
          taskQueue: QUEUES.workflows,
          args: [bench.input(fake)],
          signal: 'stop',
          signalArgs: [{ mode, reason: 'never mind' }],
        },
      )) as RunHandle,
    );
    const result = await handle.result();
    await expectUsable(result, 'never mind');
    expect(result).toMatchObject({ iterations: [], checkpoint: null, datasets: [] });
    expect(fake.requests).toEqual([]);
  });

  it('between two iterations', async () => {
    const fake = await bench.fake();
    const id = `stop-${mode}-between`;
    let reporting = () => {};
    const reached = new Promise<void>((resolve) => {
      reporting = resolve;
    });
    let go = () => {};
    const released = new Promise<void>((resolve) => {
      go = resolve;
    });
    bench.workers.before = async (activity, task) => {
      if (activity !== 'writeReport' || (task as { status: string }).status !== 'running') return;
      reporting();
      await released;
    };
    const handle = await bench.start(id, bench.input(fake, { pool: 20, tested: 20 }));
    await reached;
    await handle.signal('stop', { mode, reason: 'between' });
    go();
    const result = await handle.result();
    await expectUsable(result, 'between');
    expect(result.iterations).toHaveLength(1);
    expect(fake.requests.some(explores)).toBe(false);
  });

  it('as an update, checked and answered', async () => {
    const { fake, handle, letGo } = await inTheMiddleOf('sample', `stop-${mode}-update`);
    const update = (request: unknown) => handle.executeUpdate<string, [unknown]>('stop', { args: [request] });
    await expect(update({ mode: 'soon' })).rejects.toMatchObject({
      cause: { message: 'mode: got "soon", expected "drain" or "now"' },
    });
    await expect(update('now')).rejects.toMatchObject({
      cause: { message: 'got "now", expected {"mode":"drain"|"now","reason":"..."}' },
    });
    expect((await bench.progress(handle)).state).toBe('running');
    const answer = await update({ mode, reason: 'as agreed' });
    expect(answer).toBe(
      mode === 'now'
        ? 'stopping now: the running stage is cancelled and its finished rows are kept'
        : 'stopping: the running stage is finished first',
    );
    letGo();
    await expectUsable(await handle.result(), 'as agreed');
    expect(fake.repeated).toEqual([]);
  });
});

describe('stops are idempotent', () => {
  it('ten stops are one stop', async () => {
    const { handle, letGo } = await inTheMiddleOf('sample', 'stop-ten');
    await Promise.all(Array.from({ length: 10 }, () => handle.signal('stop', { mode: 'drain', reason: 'once' })));
    letGo();
    await expectUsable(await handle.result(), 'once');
    expect(await bench.stage('stop-ten', 'iteration-1/sample')).toHaveLength(2 * POOL);
  });

  it('now sharpens drain and keeps its reason; drain does not soften now', async () => {
    const { fake, handle, letGo } = await inTheMiddleOf('sample', 'stop-sharper');
    await handle.signal('stop', { mode: 'drain', reason: 'first' });
    await handle.signal('stop', { mode: 'now' });
    await handle.signal('stop', { mode: 'drain', reason: 'late' });
    await eventually('an idle engine', async () => fake.inFlight === 0, 5_000);
    await expectUsable(await handle.result(), 'first');
    letGo();
    expect(await bench.stage('stop-sharper', 'iteration-1/sample', 'part')).toHaveLength(2 * ANSWERED);
  });

  it('a run that has ended says so', async () => {
    const handle = bench.client.workflow.getHandle('stop-sharper');
    await expect(handle.signal('stop', { mode: 'now' })).rejects.toThrow(/already completed/);
  });

  it.each([
    [undefined],
    [null],
    ['now'],
    [17],
    [{ mode: 'NOW' }],
    [{ mode: 'drain', reason: { a: [1] } }],
    [{ reason: 3 }],
  ])(
    'a signal of %j drains',
    async (payload) => {
      const fake = await bench.fake();
      const hold = fake.hold(() => true);
      const id = `stop-odd-${JSON.stringify(payload)?.replace(/\W+/g, '_')}`;
      const handle = await bench.start(id, bench.input(fake, { pool: 10, tested: 10 }));
      await hold.reached();
      await (payload === undefined ? handle.signal('stop') : handle.signal('stop', payload));
      await eventually('the news', async () => (await bench.progress(handle)).state === 'stopping');
      hold.release();
      expect(await handle.result()).toMatchObject({ status: 'stopped' });
    },
    30_000,
  );
});
