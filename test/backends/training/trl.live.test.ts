import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { TrainingJob, TrainingResult, TrainingStatus } from '../../../src/backends/training/contract.ts';
import { isAlive } from '../../../src/backends/training/process.ts';
import { TrlBackend } from '../../../src/backends/training/trl.ts';
import { TrlHere } from '../../../src/backends/training/trl-here.ts';
import { Training } from '../../../src/config/training.ts';
import { randomCheckpoint } from '../../support/engine.ts';

const backend = new TrlBackend(new TrlHere({ python: async () => inject('python') }));
const jobs: TrainingJob[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-trl-'));
  await randomCheckpoint(inject('python'), join(folder, 'base'), { seed: 1 });
  const rows = Array.from({ length: 64 }, (_, i) => ({
    prompt: `Human: ${i}+${i}?\n\nAssistant:`,
    completion: ` The answer is ${2 * i}.`,
  }));
  await writeFile(join(folder, 'sft.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

afterAll(async () => {
  for (const job of jobs) await backend.cancel(job);
  await rm(folder, { recursive: true, force: true });
});

function aJob(output: string, rest: Partial<TrainingJob> = {}): TrainingJob {
  const training = Training.parse({
    epochs: 10,
    learningRate: 1e-3,
    batchSize: 4,
    gradientAccumulation: 1,
    saveSteps: 20,
  });
  const job: TrainingJob = {
    base: join(folder, 'base'),
    data: join(folder, 'sft.jsonl'),
    output: join(folder, output),
    seed: 1,
    training,
    ...rest,
  };
  jobs.push(job);
  return job;
}

async function until(job: TrainingJob, met: (status: TrainingStatus) => boolean): Promise<TrainingStatus[]> {
  const seen: TrainingStatus[] = [];
  for (;;) {
    const status = await backend.poll(job);
    seen.push(status);
    if (met(status)) return seen;
    if (status.state !== 'running') return expect.fail(JSON.stringify(status));
    await sleep(50);
  }
}

const atStep = (step: number) => (status: TrainingStatus) =>
  (status.state === 'running' && status.step >= step) || status.state === 'succeeded';

async function train(job: TrainingJob): Promise<TrainingResult> {
  await backend.submit(job);
  const last = (await until(job, ({ state }) => state === 'succeeded')).at(-1)!;
  return last.state === 'succeeded' ? last.result : expect.fail(last.state);
}

const pidOf = async ({ output }: TrainingJob) => Number.parseInt(await readFile(join(output, 'pid'), 'utf8'), 10);

test('trains, says how far it is, and ends in the same weights however it is interrupted', async () => {
  const whole = aJob('whole');
  await backend.submit(whole);
  // A worker that is started anew adopts the trainer that it finds.
  const pid = await pidOf(whole);
  await backend.submit(whole);
  expect(await pidOf(whole)).toBe(pid);
  const statuses = await until(whole, ({ state }) => state === 'succeeded');
  const steps = statuses.flatMap((status) => (status.state === 'running' ? [status.step] : []));
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps.some((step) => step > 0 && step < 160)).toBe(true);
  const last = statuses.at(-1)!;
  if (last.state !== 'succeeded') return expect.fail(last.state);
  const { result } = last;
  expect(result).toMatchObject({
    checkpoint: join(whole.output, 'checkpoint'),
    weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    rows: 64,
    dropped: 0,
    steps: 160,
  });
  expect(result.losses).toHaveLength(160);
  expect(result.losses.at(-1)!.loss).toBeLessThan(result.losses[0]!.loss / 2);

  // Cancelled: it leaves a resume point at the step where it was.
  const broken = aJob('broken');
  await backend.submit(broken);
  await until(broken, atStep(25));
  await backend.cancel(broken);
  expect(await isAlive(await pidOf(broken), broken.output)).toBe(false);
  expect(await backend.poll(broken)).toMatchObject({ state: 'interrupted' });
  const points = (await readdir(join(broken.output, 'resume'))).map((name) => Number(name.split('-')[1]));
  const cancelledAt = Math.max(...points);
  expect(cancelledAt).toBeGreaterThanOrEqual(25);

  // Submitted again and killed: it goes on from its resume points.
  await backend.submit(broken);
  await until(broken, atStep(cancelledAt + 1));
  process.kill(await pidOf(broken), 'SIGKILL');
  while (await isAlive(await pidOf(broken), broken.output)) await sleep(10);
  expect(await backend.poll(broken)).toMatchObject({ state: 'interrupted' });

  const again = await train(broken);
  expect(again.weightsSha256).toBe(result.weightsSha256);
  expect(again.losses).toEqual(result.losses);
  expect(again.steps).toBe(160);
  const resumed = (await readFile(join(broken.output, 'progress.jsonl'), 'utf8')).match(/"resumedFrom": \d+/g);
  expect(resumed).toHaveLength(2);
  expect(resumed![0]).toBe(`"resumedFrom": ${cancelledAt}`);
});

test('what the trainer can not do is failed with its reason, until the cause is removed', async () => {
  const data = join(folder, 'late.jsonl');
  const job = aJob('late', { data, training: Training.parse({ epochs: 1, batchSize: 16, gradientAccumulation: 1 }) });
  const failed = async (reason: string) => {
    await backend.submit(job);
    await until(job, ({ state }) => state !== 'running');
    expect(await backend.poll(job)).toEqual({ state: 'failed', message: expect.stringContaining(reason) });
  };
  await failed(`${data} can't be read`);
  await writeFile(data, '{"prompt":"only"}\n');
  await failed('row 1');
  await writeFile(data, await readFile(join(folder, 'sft.jsonl')));
  expect((await train(job)).steps).toBe(4);
  expect(existsSync(join(job.output, 'checkpoint/model.safetensors'))).toBe(true);
});

test('a base that is no checkpoint is failed and named', async () => {
  const job = aJob('baseless', { base: join(folder, 'nothing') });
  await backend.submit(job);
  await until(job, ({ state }) => state !== 'running');
  expect(await backend.poll(job)).toEqual({
    state: 'failed',
    message: expect.stringContaining(join(folder, 'nothing')),
  });
});

test('where there are GPUs a trainer is ready for the next job, and another after it', async () => {
  const leased = new TrlBackend(
    new TrlHere({ python: async () => inject('python'), gpuLocks: [join(folder, 'gpus', '0.lock')] }),
  );
  const taken: string[] = [];
  const spares = () => {
    const children = execFileSync('ps', ['-ww', '-o', 'args=', '--ppid', String(process.pid)]).toString();
    return (children.match(/spare-\S+/g) ?? []).filter((name) => !taken.includes(name));
  };
  const training = Training.parse({ epochs: 1, batchSize: 16, gradientAccumulation: 1 });
  for (const name of ['first', 'second']) {
    await vi.waitFor(() => expect(spares()).toHaveLength(1));
    const [spare] = spares();
    const job = aJob(name, { training });
    await leased.submit(job);
    expect(await readFile(join(job.output, 'pid'), 'utf8')).toBe(`${await pidOf(job)}\n${spare}\n`);
    taken.push(spare!);
    await until(job, ({ state }) => state === 'succeeded');
  }
  expect(new Set(taken).size).toBe(2);
});
