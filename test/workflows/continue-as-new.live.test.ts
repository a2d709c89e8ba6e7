import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, eventually, fingerprint, type RunHandle } from '../support/bench.ts';
import { anEvaluation, type EvaluationShape, questionsOf } from '../support/evaluate-input.ts';
import type { FakeRequest } from '../support/fake-openai.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';

let server: OwnServer;
beforeAll(async () => {
  // Low enough that every iteration ends in a suggestion, unlike the usual 4,096 events.
  server = await startOwnServer(temporalCli, { 'limit.historyCount.suggestContinueAsNew': 15 });
});
const bench = Bench.use(() => server.address);
const usual = Bench.use(() => temporalAddress);
afterAll(async () => {
  await server.stop();
});

const SHAPE = { iterations: 2, pool: 30, tested: 20 };
const explores = ({ question }: FakeRequest) => question.id.startsWith('arithmetic-train');

/** All runs of a workflow ID, oldest first. */
async function runsOf(id: string): Promise<{ runId: string; status: string }[]> {
  const runs: { runId: string; status: string; start: number }[] = [];
  for await (const { runId, status, startTime } of bench.client.workflow.list({ query: `WorkflowId = '${id}'` }))
    runs.push({ runId, status: status.name, start: startTime.getTime() });
  return runs.sort((a, b) => a.start - b.start);
}

/** Holds the report after iteration 0, between which and the next iteration a run continues as new. */
function holdReport(): { reached: Promise<void>; release: () => void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    bench.workers.before = async (activity, task) => {
      if (activity !== 'writeReport' || (task as { status: string }).status !== 'running') return;
      resolve();
      await released;
    };
  });
  return { reached, release };
}

describe('continue-as-new', () => {
  it('carries everything: results, extension, tokens, search attributes', async () => {
    const fake = await bench.fake();
    const hold = fake.hold(explores);
    const handle = await bench.start('continued', bench.input(fake, { ...SHAPE, iterations: 1 }));
    await hold.reached();
    const latest = bench.client.workflow.getHandle('continued') as RunHandle;
    expect(await latest.executeUpdate('extend', { args: [{ iterations: 1 }] })).toBe('2 iterations');
    const during = await bench.progress(latest);
    expect(during).toMatchObject({ iteration: 1, iterations: 2, accuracy: [expect.stringContaining('iteration 0')] });
    expect(during.tokens.completion).toBeGreaterThan(0);
    hold.release();
    const result = await handle.result();
    await eventually('all runs in the list', async () => (await runsOf('continued')).at(-1)?.status === 'COMPLETED');
    await bench.record('continued-as-new', handle);

    expect((await runsOf('continued')).map(({ status }) => status)).toEqual([
      'CONTINUED_AS_NEW',
      'CONTINUED_AS_NEW',
      'COMPLETED',
    ]);
    expect(result).toMatchObject({ status: 'completed', run: 'continued' });
    expect(result.iterations.map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
    expect(result.gain).not.toBeNull();
    expect(result.datasets).toHaveLength(3);
    expect(fake.repeated).toEqual([]);
    const done = await bench.progress(latest);
    expect(done.accuracy).toHaveLength(3);
    expect(done.tokens.completion).toBeGreaterThan(during.tokens.completion);
    const { searchAttributes } = await latest.describe();
    expect(searchAttributes).toMatchObject({ CritiqueLoopIteration: [2], CritiqueLoopDataset: ['arithmetic'] });
  });

  it('gives what a run that never did so gives', async () => {
    const fake = await usual.fake();
    await (await usual.start('plain', usual.input(fake, SHAPE))).result();
    const { historyLength } = await usual.client.workflow.getHandle('plain').describe();
    expect(historyLength).toBeGreaterThan(100);
    expect(await fingerprint(usual.workers.store.root, 'plain')).toBe(
      await fingerprint(bench.workers.store.root, 'continued'),
    );
  });

  it('carries a stop that came just before', async () => {
    const fake = await bench.fake();
    const { reached, release } = holdReport();
    const handle = await bench.start('continued-stop', bench.input(fake, SHAPE));
    await reached;
    await handle.signal('stop', { mode: 'drain', reason: 'in between' });
    release();
    expect(await handle.result()).toMatchObject({ status: 'stopped', reason: 'in between' });
    expect(fake.requests.some(explores)).toBe(false);
  });

  it('carries a pause', async () => {
    const fake = await bench.fake();
    const { reached, release } = holdReport();
    const handle = await bench.start('continued-pause', bench.input(fake, { ...SHAPE, iterations: 1 }));
    await reached;
    await handle.signal('pause');
    release();
    await eventually('the next run', async () => (await runsOf('continued-pause')).length === 2);
    const latest = bench.client.workflow.getHandle('continued-pause') as RunHandle;
    await eventually('its state', async () => (await bench.progress(latest)).state === 'paused');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(fake.requests.some(explores)).toBe(false);
    expect(await bench.progress(latest)).toMatchObject({ state: 'paused', iteration: 1, iterations: 1 });
    await latest.signal('resume');
    expect((await handle.result()).status).toBe('completed');
  });

  it('loses no signal that comes while it happens', async () => {
    const fake = await bench.fake();
    const { reached, release } = holdReport();
    const handle = await bench.start('continued-race', bench.input(fake, { ...SHAPE, iterations: 50 }));
    await reached;
    release();
    const latest = bench.client.workflow.getHandle('continued-race') as RunHandle;
    for (let i = 0; i < 20; i++) await latest.signal(i % 2 ? 'resume' : 'pause');
    await latest.signal('stop', { mode: 'drain', reason: 'raced' });
    expect(await handle.result()).toMatchObject({ status: 'stopped', reason: 'raced' });
  });
});

describe('an evaluation that continues as new', () => {
  const WHOLE = {
    tested: 30,
    selfCorrection: {},
    sequential: { rounds: 4 },
    critic: { price: { prompt: 1, completion: 2 } },
  } satisfies Partial<EvaluationShape>;

  async function evaluated(at: Bench, id: string) {
    const fake = await at.fake({ questions: questionsOf(30), models: ['actor', 'critic'] });
    const handle = await at.startEvaluation(id, anEvaluation({ url: fake.url, ...WHOLE }));
    const result = await handle.result();
    expect(fake.repeated).toEqual([]);
    return { handle, result };
  }

  it('between its passes measures the same, for the same cost', async () => {
    const { handle, result } = await evaluated(bench, 'evaluation');
    await eventually('all runs in the list', async () => (await runsOf('evaluation')).at(-1)?.status === 'COMPLETED');
    await bench.record('evaluation-continued', handle);
    const runs = await runsOf('evaluation');
    expect(runs.length).toBeGreaterThan(5);
    expect(runs.slice(0, -1).every(({ status }) => status === 'CONTINUED_AS_NEW')).toBe(true);
    const { result: plain } = await evaluated(usual, 'evaluation-plain');
    const { strategies, tokens, cost, questions, critic } = result;
    expect(plain).toMatchObject({ strategies, tokens, questions, critic });
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeCloseTo(plain.cost!, 10);
    expect(await fingerprint(bench.workers.store.root, 'evaluation')).toBe(
      await fingerprint(usual.workers.store.root, 'evaluation-plain'),
    );
  });
});
