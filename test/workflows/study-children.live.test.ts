import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudyProgress } from '../../src/workflows/contract.ts';
import { eventually, type StudyHandle } from '../support/bench.ts';
import { saveHistories } from '../support/histories.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { StudyBench } from '../support/study-bench.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';

/** How a study runs, keeps and passes on to its children, whatever these do. */
const bench = StudyBench.use(() => temporalAddress);

const ALL = [
  'reason',
  'critiques',
  'critic',
  'loop',
  'vanilla',
  'self-correction',
  'self-talk',
  'evaluate-sft',
  'evaluate-sft-base-critic',
  'evaluate-self-correction',
  'evaluate-vanilla',
  'evaluate-loop',
];

/** A seed of its own: nothing of other tests is reused. */
let seed = 100;
const another = () => ++seed;

const stepsRan = () => bench.ran.map(({ workflowId }) => workflowId.replace(/-[0-9a-f]{12}$/, ''));
const progress = (handle: StudyHandle) => handle.query<StudyProgress>('progress');
const failureOf = async (handle: StudyHandle) =>
  ((await handle.result().catch((error: WorkflowFailedError) => error)) as WorkflowFailedError).cause!;
const record = (name: string, handle: StudyHandle) => saveHistories(bench.client, name, handle.workflowId);

describe('a study', () => {
  it('runs its children in their order, each with what the ones before it left', async () => {
    const input = bench.input({ seed: another() });
    const hold = bench.hold('selfTalk');
    const handle = await bench.start('study-whole', input);
    const { workflowId } = await hold.reached;
    await eventually('the stage of the child', async () => (await progress(handle)).rows.total === 9);
    expect(await progress(handle)).toMatchObject({
      state: 'running',
      stage: 'sample',
      step: 'self-talk',
      child: workflowId,
      rows: { done: 3, total: 9 },
    });
    expect((await progress(handle)).steps).toContain('critiques: done, 8 of 10 critiques kept');
    hold.release();
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'completed', headline: ['what was found'], report: 'report.html' });
    expect(stepsRan()).toEqual(ALL);
    expect(result.steps.map(({ step, status }) => `${step} ${status}`)).toEqual(ALL.map((step) => `${step} done`));

    const input4 = bench.ran.find(({ workflowId }) => workflowId.startsWith('loop-'))!.input;
    const idOf = (step: string) => result.steps.find((taken) => taken.step === step)!.workflowId;
    expect(input4).toMatchObject({
      critic: { model: `runs/${idOf('critic')}/checkpoint` },
      refine: { source: 'triples', path: `runs/${idOf('critiques')}/refine` },
    });
    expect(bench.reports).toMatchObject([{ status: 'completed', steps: result.steps, config: { seed: input.seed } }]);
    expect((await progress(handle)).state).toBe('finished');
    await record('study', handle);
  });

  it('takes from others what they have made of the same, and runs the rest', async () => {
    const input = bench.input({ seed: another() });
    await (await bench.start('study-first', input)).result();
    bench.ran = [];
    const again = await (await bench.start('study-second', input)).result();
    expect(bench.ran).toEqual([]);
    expect(new Set(again.steps.map(({ status }) => status))).toEqual(new Set(['reused']));

    const other = { ...input, evaluation: { ...input.evaluation, rounds: 1 } };
    const third = await bench.start('study-third', other);
    await third.result();
    expect(stepsRan()).toEqual(['evaluate-sft']);
    await record('study-reused', third);
  });

  it('waits for a child that another study runs', async () => {
    const input = bench.input({ seed: another() });
    const hold = bench.hold('buildCritiques');
    const first = await bench.start('study-ahead', input);
    await hold.reached;
    const second = await bench.start('study-behind', input);
    await eventually('the second waits', async () => {
      const { pendingActivities = [] } = (await second.describe()).raw;
      return pendingActivities?.some(({ activityType }) => activityType?.name === 'awaitResult');
    });
    hold.release();
    const [, { steps }] = await Promise.all([first.result(), second.result()]);
    expect(stepsRan().sort()).toEqual([...ALL].sort());
    expect(steps.slice(0, 2).map(({ status }) => status)).toEqual(['reused', 'reused']);
    await record('study-waited', second);
  });

  it('does not wait once it is stopped', async () => {
    const input = bench.input({ seed: another() });
    const hold = bench.hold('selfImprove');
    await bench.start('study-busy', input);
    await hold.reached;
    const second = await bench.start('study-idle', input);
    await eventually('the second waits', async () => (await progress(second)).step === 'reason');
    await second.signal('stop', { mode: 'drain', reason: 'tired' });
    expect(await second.result()).toMatchObject({ status: 'stopped', reason: 'tired', steps: [{ status: 'stopped' }] });
  });

  it.each(['drain', 'now'] as const)(
    'is stopped with its child, mode %s, and goes on when it is started again',
    async (mode) => {
      const input = bench.input({ seed: another() });
      const hold = bench.hold('fineTune');
      const handle = await bench.start(`study-stop-${mode}`, input);
      await hold.reached;
      await handle.signal('stop', { mode, reason: 'enough' });
      if (mode === 'drain') {
        await eventually('the news', async () => (await progress(handle)).state === 'stopping');
        hold.release();
      }
      const result = await handle.result();
      await record(`study-stopped-${mode}`, handle);
      expect(result).toMatchObject({ status: 'stopped', reason: 'enough' });
      const last = mode === 'drain' ? 'done' : 'stopped';
      expect(result.steps.map(({ status }) => status)).toEqual(['done', 'done', last]);
      expect(bench.reports).toMatchObject([{ status: 'stopped', reason: 'enough' }]);

      hold.release();
      bench.ran = [];
      expect(await (await bench.start(`study-stop-${mode}`, input)).result()).toMatchObject({ status: 'completed' });
      expect(stepsRan()).toEqual(ALL.slice(mode === 'drain' ? 3 : 2));
    },
  );

  it('is paused and goes on with its child', async () => {
    const hold = bench.hold('fineTune');
    const handle = await bench.start('study-paused', bench.input({ seed: another() }));
    const { workflowId } = await hold.reached;
    await handle.signal('pause');
    const child = bench.client.workflow.getHandle(workflowId);
    const stateOf = async () => (await child.query<StudyProgress>('progress')).state;
    await eventually('the child pauses', async () => (await stateOf()) === 'paused');
    expect((await progress(handle)).state).toBe('paused');
    hold.release();
    await handle.signal('resume');
    expect(await handle.result()).toMatchObject({ status: 'completed' });
    expect(stepsRan().filter((step) => step === 'critic')).toHaveLength(2);
    await record('study-paused', handle);
  });

  it('fails as its child does, with a report of the rest, and goes on from there', async () => {
    const input = bench.input({ seed: another() });
    bench.before = ({ type }) => {
      if (type === 'selfTalk') throw ApplicationFailure.nonRetryable('kept 1 of 30 chains', 'YieldTooLow');
    };
    const handle = await bench.start('study-failed', input);
    expect(await failureOf(handle)).toMatchObject({ type: 'YieldTooLow', message: 'kept 1 of 30 chains' });
    await record('study-failed', handle);
    expect(bench.reports).toMatchObject([{ status: 'failed', reason: 'kept 1 of 30 chains' }]);
    expect(bench.reports[0]!.steps.map(({ step, status }) => `${step} ${status}`).slice(-2)).toEqual([
      'self-correction done',
      'self-talk failed',
    ]);
    bench.before = () => {};
    bench.ran = [];
    expect(await (await bench.start('study-failed', input)).result()).toMatchObject({ status: 'completed' });
    expect(stepsRan()).toEqual(ALL.slice(6));
  });

  it('ends where a child was stopped by itself', async () => {
    const hold = bench.hold('buildCritiques');
    const handle = await bench.start('study-child-stopped', bench.input({ seed: another() }));
    const { workflowId } = await hold.reached;
    await bench.client.workflow.getHandle(workflowId).signal('stop', { mode: 'now', reason: 'the budget is spent' });
    expect(await handle.result()).toMatchObject({ status: 'stopped', reason: 'the budget is spent' });
  });

  it('reports what it has when it is cancelled', async () => {
    const hold = bench.hold('buildCritiques');
    const handle = await bench.start('study-cancelled', bench.input({ seed: another() }));
    await hold.reached;
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(bench.reports).toMatchObject([{ status: 'cancelled', steps: [{ status: 'done' }, { status: 'stopped' }] }]);
  });

  it('that is wrong says so before anything is run', async () => {
    const input = { ...bench.input(), iterations: 'two', evaluation: { samples: -1 } };
    const error = await failureOf(await bench.start('study-wrong', input));
    expect(error).toMatchObject({
      type: 'InvalidInput',
      message:
        'invalid input: iterations: got "two", expected a number; evaluation.samples: got -1, expected at least 0',
    });
    expect(bench.ran).toEqual([]);
    expect(bench.reports).toEqual([]);
  });
});

describe('a study whose history grows long', () => {
  let server: OwnServer;
  beforeAll(async () => {
    // Low enough that every step ends in a suggestion, unlike the usual 4,096 events.
    server = await startOwnServer(temporalCli, { 'limit.historyCount.suggestContinueAsNew': 15 });
  });
  const lasting = StudyBench.use(() => server.address);
  afterAll(async () => {
    await server.stop();
  });

  it('continues as new between steps, and knows those that were taken', async () => {
    const handle = await lasting.start('study-continued', lasting.input());
    const { status, steps } = await handle.result();
    expect(status).toBe('completed');
    expect(steps.map(({ step }) => step)).toEqual(ALL);
    expect(lasting.ran).toHaveLength(ALL.length);
    expect(lasting.reports).toHaveLength(1);
    const runs = async () => {
      let count = 0;
      for await (const _ of lasting.client.workflow.list({ query: "WorkflowId = 'study-continued'" })) count++;
      return count;
    };
    await eventually('all runs in the list', async () => (await runs()) === ALL.length);
    await saveHistories(lasting.client, 'study-continued', 'study-continued');
  });
});
