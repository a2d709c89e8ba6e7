import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, eventually, fingerprint } from '../support/bench.ts';
import type { FakeRequest } from '../support/fake-openai.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { temporalCli } from '../support/temporal.ts';
import {
  type SpawnedWorker,
  spawnWorker,
  startTestWorkers,
  type TestWorkers,
  workflowCode,
} from '../support/workers.ts';

const DEPLOYMENT = 'critique-loop';
const SHAPE = { iterations: 2, pool: 30, tested: 20 };
const explores = ({ question }: FakeRequest) => question.id.startsWith('arithmetic-train');

let server: OwnServer;
let old: SpawnedWorker;
let next: TestWorkers;
let changed: string;
// The one server that all tests share would send their runs to the builds of this file.
beforeAll(async () => {
  server = await startOwnServer(temporalCli, {
    'matching.wv.VersionDrainageStatusVisibilityGracePeriod': '1s',
    'matching.wv.VersionDrainageStatusRefreshInterval': '1s',
  });
});
const bench = Bench.use(() => server.address, { roles: ['cpu', 'inference', 'train'] });
beforeAll(async () => {
  const { address } = server;
  const store = bench.workers.store.root;
  old = await spawnWorker({ roles: ['workflows'], address, store, env: { CRITIQUE_LOOP_BUILD_ID: 'old' } });
  await makeCurrent('old');
  // What no run that has begun can go on with: a timer where there was none.
  const code = await workflowCode();
  changed = code.replaceAll('await run.prepare(input);', 'await new Promise((go) => setTimeout(go, 1)); $&');
  expect(changed).not.toBe(code);
  const version = { deploymentName: DEPLOYMENT, buildId: 'new' };
  next = await startTestWorkers({ address, store, roles: ['workflows'], version, code: changed });
});
afterAll(async () => {
  await Promise.all([old.stop(), next.shutdown()]);
  await server.stop();
});

/** `temporal worker deployment ...`, as people type it. */
async function deployment(...args: string[]): Promise<string> {
  const command = ['worker', 'deployment', ...args, '--address', server.address, '--deployment-name', DEPLOYMENT];
  return (await promisify(execFile)(temporalCli, command)).stdout;
}

const makeCurrent = (build: string) =>
  eventually(`the build ${build}`, () =>
    deployment('set-current-version', '--build-id', build, '--yes').catch(() => null),
  );

const statusOf = async (build: string): Promise<string> =>
  /DrainageStatus +(\w+)/.exec(await deployment('describe-version', '--build-id', build))![1]!;

/** The histories of all runs of a workflow ID, oldest first. */
async function histories(id: string) {
  const runs: { runId: string; start: number }[] = [];
  for await (const { runId, startTime } of bench.client.workflow.list({ query: `WorkflowId = '${id}'` }))
    runs.push({ runId, start: startTime.getTime() });
  const oldest = runs.sort((a, b) => a.start - b.start);
  return await Promise.all(oldest.map(({ runId }) => bench.client.workflow.getHandle(id, runId).fetchHistory()));
}

/** The builds that each of these runs took its steps on, and how many steps failed. */
async function builds(id: string): Promise<{ of: string[]; failed: number }> {
  const runs = (await histories(id)).map(({ events }) => events!);
  const of = runs.map((events) => {
    const steps = events.flatMap(({ workflowTaskCompletedEventAttributes: step }) => step ?? []);
    return [...new Set(steps.map(({ deploymentVersion }) => deploymentVersion?.buildId))].join();
  });
  return { of, failed: runs.flat().filter((event) => event.workflowTaskFailedEventAttributes).length };
}

describe('a new build beside a loop that runs', () => {
  it('takes what begins, and the loop at its next iteration', async () => {
    const fake = await bench.fake();
    const hold = fake.hold(explores);
    const loop = await bench.start('loop', bench.input(fake, SHAPE));
    await hold.reached();

    await makeCurrent('new');
    const fresh = await bench.start('fresh', bench.input(await bench.fake(), SHAPE));
    expect((await fresh.result()).status).toBe('completed');
    expect(await builds('fresh')).toEqual({ of: ['new', 'new', 'new'], failed: 0 });
    expect(await statusOf('old')).toBe('draining');

    hold.release();
    expect((await loop.result()).status).toBe('completed');
    expect(await builds('loop')).toEqual({ of: ['old', 'old', 'new'], failed: 0 });
    expect(await builds('loop/iteration-1')).toEqual({ of: ['old'], failed: 0 });
    expect(await builds('loop/iteration-2')).toEqual({ of: ['new'], failed: 0 });
    const { root } = bench.workers.store;
    expect(await fingerprint(root, 'loop')).toBe(await fingerprint(root, 'fresh'));
    expect(fake.repeated).toEqual([]);
    await eventually('the end of the old build', async () => (await statusOf('old')) === 'drained', 60_000);
  });

  it('could not have gone on with what the old one began: the replay gate says so', async () => {
    const [history] = await histories('loop');
    const replay = Worker.runReplayHistory({ workflowBundle: { code: changed } }, history, 'loop');
    await expect(replay).rejects.toThrow(/Nondeterminism/i);
    await Worker.runReplayHistory({ workflowBundle: { code: await workflowCode() } }, history, 'loop');
  });

  it('gives a loop back, where the old build becomes current again', async () => {
    const fake = await bench.fake();
    const hold = fake.hold(explores);
    const loop = await bench.start('back', bench.input(fake, SHAPE));
    await hold.reached();
    await makeCurrent('old');
    hold.release();
    expect((await loop.result()).status).toBe('completed');
    expect(await builds('back')).toEqual({ of: ['new', 'new', 'old'], failed: 0 });
  });
});
