import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type {
  TrainingBackend,
  TrainingJob,
  TrainingResult,
  TrainingStatus,
} from '../../../src/backends/training/contract.ts';
import { createTrainingBackends } from '../../../src/backends/training/index.ts';
import type { ClusterAddress } from '../../../src/config/cluster.ts';
import { Training } from '../../../src/config/training.ts';
import { randomCheckpoint } from '../engine.ts';
import { python } from '../temporal.ts';
import type { TestCluster } from './test-cluster.ts';

const NO_GPUS = { names: [], locks: [] };
const STEPS = 160;

/** What holds of fine-tunes on any cluster. */
export function testFineTunes(start: () => Promise<TestCluster & { at: ClusterAddress }>): void {
  let cluster: TestCluster & { at: ClusterAddress };
  let folder: string;
  /** As another worker would have them, each time. */
  let backendOf: () => TrainingBackend;
  let whole: TrainingResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'critique-loop-cluster-'));
    await randomCheckpoint(python, join(folder, 'base'), { seed: 1 });
    const rows = Array.from({ length: 64 }, (_, i) => ({
      prompt: `Human: ${i}+${i}?\n\nAssistant:`,
      completion: ` The answer is ${2 * i}.`,
    }));
    await writeFile(join(folder, 'sft.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const here = createTrainingBackends({ python: async () => python, gpus: NO_GPUS }).trl;
    const job = jobIn('here');
    vi.stubEnv('OMP_NUM_THREADS', '1');
    await here.submit(job);
    whole = await result(here, job);
    vi.unstubAllEnvs();

    cluster = await start();
    const place = { at: cluster.at, python, onGpu: false };
    backendOf = () =>
      createTrainingBackends({ python: () => expect.fail('started here'), gpus: NO_GPUS, cluster: place }).trl;
  });

  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const jobIn = (name: string, training: object = {}): TrainingJob => ({
    base: join(folder, 'base'),
    data: join(folder, 'sft.jsonl'),
    output: join(folder, name),
    seed: 1,
    training: Training.parse({
      epochs: 10,
      learningRate: 1e-3,
      batchSize: 4,
      gradientAccumulation: 1,
      saveSteps: 20,
      ...training,
    }),
  });

  test('several who submit one at once start one; it says how far it is, and ends in the same weights as here', async () => {
    const job = jobIn('whole');
    await Promise.all([1, 2, 3].map(() => backendOf().submit(job)));
    const statuses = await until(backendOf(), job, ({ state }) => state === 'succeeded');
    await backendOf().submit(job);
    expect(statuses.at(-1)).toEqual({
      state: 'succeeded',
      result: { ...whole, checkpoint: join(job.output, 'checkpoint'), seconds: expect.any(Number) },
    });
    const steps = statuses.flatMap((status) => (status.state === 'running' ? [status.step] : []));
    expect(steps.some((step) => step > 0 && step < STEPS)).toBe(true);
    expect(await startsIn(job)).toHaveLength(1);
  });

  test('one that is cancelled leaves a resume point, and one that is killed goes on from its last, to the same weights', async () => {
    const job = jobIn('broken');
    const backend = backendOf();
    await backend.submit(job);
    await until(backend, job, atStep(25));
    await backend.cancel(job);
    expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
    const points = (await readdir(join(job.output, 'resume'))).map((name) => Number(name.split('-')[1]));
    const cancelledAt = Math.max(...points);
    // Where it was, which is seldom where it saved by itself.
    expect(cancelledAt).toBe(await lastStepOf(job));

    await backend.submit(job);
    await until(backend, job, atStep(cancelledAt + 21));
    process.kill(Number.parseInt(await readFile(join(job.output, 'pid'), 'utf8'), 10), 'SIGKILL');
    const [end] = (await until(backend, job, ({ state }) => state === 'interrupted')).slice(-1);
    expect(end).toEqual({
      state: 'interrupted',
      message: expect.stringMatching(/^the trainer ended early \(.+\); its log is/),
    });

    await backendOf().submit(job);
    expect((await result(backendOf(), job)).weightsSha256).toBe(whole.weightsSha256);
    const starts = await startsIn(job);
    expect(starts.slice(0, 2)).toEqual([null, cancelledAt]);
    expect(starts[2]).toBeGreaterThanOrEqual(cancelledAt + 20 - (cancelledAt % 20));
    expect(starts).toHaveLength(3);
  });

  test('one of a cluster that is out of reach is unknown, is not submitted again, and goes on', async () => {
    // Long enough for Slurm's commands to give up.
    const job = jobIn('unseen', { epochs: 100 });
    const backend = backendOf();
    await backend.submit(job);
    await until(backend, job, atStep(1));
    await cluster.outage();
    try {
      const other = backendOf();
      expect(await other.poll(job)).toEqual({
        state: 'unknown',
        message: expect.stringMatching(/^\w+.* does not say: ./),
      });
      await other.submit(job);
      await expect(other.submit(jobIn('refused'))).rejects.toMatchObject({
        type: 'TrainerUnavailable',
        message: expect.stringContaining('did not take the fine-tune'),
      });
    } finally {
      await cluster.recovery();
    }
    expect((await result(backend, job)).steps).toBe(10 * STEPS);
    expect(await startsIn(job)).toHaveLength(1);
  });
}

const atStep = (step: number) => (status: TrainingStatus) =>
  (status.state === 'running' && status.step >= step) || status.state === 'succeeded';

async function until(backend: TrainingBackend, job: TrainingJob, met: (status: TrainingStatus) => boolean) {
  const seen: TrainingStatus[] = [];
  for (;;) {
    const status = await backend.poll(job);
    seen.push(status);
    if (met(status)) return seen;
    if (status.state === 'failed' || status.state === 'interrupted') {
      const log = await readFile(join(job.output, 'log'), 'utf8').catch(() => 'no log');
      return expect.fail(`${JSON.stringify(status)}\n${log}`);
    }
    await sleep(50);
  }
}

async function result(backend: TrainingBackend, job: TrainingJob): Promise<TrainingResult> {
  const last = (await until(backend, job, ({ state }) => state === 'succeeded')).at(-1)!;
  return last.state === 'succeeded' ? last.result : expect.fail(last.state);
}

interface ProgressLine {
  event: string;
  step: number;
  resumedFrom: number | null;
}

async function progressOf(job: TrainingJob): Promise<ProgressLine[]> {
  const lines = (await readFile(join(job.output, 'progress.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

const lastStepOf = async (job: TrainingJob) => (await progressOf(job)).findLast(({ event }) => event === 'step')?.step;

/** The step from which each of the trainers of a job began. */
const startsIn = async (job: TrainingJob) =>
  (await progressOf(job)).flatMap(({ event, resumedFrom }) => (event === 'start' ? [resumedFrom] : []));
