import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { beforeAll, expect, test } from 'vitest';
import type { Attempt } from '../../src/method/rows.ts';
import { Bench, eventually } from '../support/bench.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import { FakeVllmFolder, isRunning } from '../support/fake-vllm.ts';
import { temporaryFolder } from '../support/folder.ts';
import { temporalAddress } from '../support/temporal.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';

const TESTED = 60;

const bench = Bench.use(() => temporalAddress, { roles: ['workflows', 'cpu'] });

beforeAll(() => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
});

async function setUp() {
  const vllm = new FakeVllmFolder(await temporaryFolder());
  await vllm.faults({ answerMs: 20 });
  const [actor, critic] = [await vllm.model('actor'), await vllm.model('critic')];
  const input = anEvaluation({ url: '', tested: TESTED, samples: 2, samplesWithCritic: 1 });
  const own = {
    ...input,
    actor: { ...input.actor, model: actor.config.model, endpoint: undefined },
    critic: { ...input.critic, model: critic.config.model, endpoint: undefined },
  };
  const worker = () =>
    spawnWorker({
      roles: ['inference'],
      address: temporalAddress,
      store: bench.workers.store.root,
      env: {
        CRITIQUE_LOOP_ENGINE: 'vllm',
        CRITIQUE_LOOP_VLLM: vllm.command.join(' '),
        CRITIQUE_LOOP_CACHE: vllm.folder,
        CRITIQUE_LOOP_GPU_LOCKS: join(vllm.folder, 'locks'),
        CRITIQUE_LOOP_PYTHON: 'python3',
      },
    });
  const pids = () => vllm.events.flatMap(({ pid, core }) => [pid, ...(core === undefined ? [] : [core])]);
  const nothingRuns = async () => {
    for (const pid of pids()) while (await isRunning(pid)) await sleep(20);
  };
  const answers = () => vllm.events.filter(({ event }) => event === 'answer').length;
  return { vllm, input: own, worker, nothingRuns, answers };
}

/** The highest attempt of any activity. */
async function attempts(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return Math.max(...events!.map((event) => event.activityTaskStartedEventAttributes?.attempt ?? 1));
}

test('an evaluation with a kill of vLLM in its middle has every row, and no attempt is burnt', async () => {
  const { vllm, input, worker, nothingRuns, answers } = await setUp();
  const spawned: SpawnedWorker = await worker();
  const handle = await bench.startEvaluation('vllm-killed', input);
  await eventually('some answers', async () => answers() > 100, 120_000);
  process.kill(vllm.events.findLast(({ event }) => event === 'engine core')!.pid, 'SIGKILL');
  expect(await handle.result()).toMatchObject({ status: 'completed', questions: TESTED });
  expect(await attempts(handle)).toBe(1);
  expect(vllm.story.filter((event) => event.startsWith('start'))).toHaveLength(2);
  const rows = await bench.stage<Attempt>('vllm-killed', 'samples/sample');
  const finished = rows.filter(({ response }) => response.finishReason === 'stop');
  expect([rows.length, finished.length]).toEqual([2 * TESTED, 2 * TESTED]);

  expect((await spawned.stop()).code).toBe(0);
  await nothingRuns();
});

test('a killed worker leaves no vLLM behind, and the next one goes on', async () => {
  const { input, worker, nothingRuns, answers } = await setUp();
  const killed = await worker();
  const handle = await bench.startEvaluation('vllm-worker-killed', input);
  await eventually('some answers', async () => answers() > 100, 120_000);
  await killed.kill();
  await nothingRuns();
  const next = await worker();
  expect(await handle.result()).toMatchObject({ status: 'completed', questions: TESTED });
  await next.stop();
  await nothingRuns();
});
