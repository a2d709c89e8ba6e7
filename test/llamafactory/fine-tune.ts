import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import { EmbeddedEngine } from '../../src/backends/inference/embedded.ts';
import { hashModel } from '../../src/backends/models.ts';
import { packageRoot } from '../../src/backends/package.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import type { TrainingJob, TrainingStatus } from '../../src/backends/training/contract.ts';
import { LlamaFactoryBackend } from '../../src/backends/training/llamafactory.ts';
import { LlamaFactoryHere } from '../../src/backends/training/llamafactory-here.ts';
import { processesWith } from '../../src/backends/training/process.ts';
import { ensurePython } from '../../src/cli/setup/python.ts';
import { Training } from '../../src/config/training.ts';
import { solveRow } from '../../src/method/sft.ts';
import { temporaryFolder } from '../support/folder.ts';

const log = (line: string) => process.stderr.write(`${line}\n`);
let command: string;
let python: string;

beforeAll(async () => {
  const interpreter = await ensurePython({
    requirements: join(packageRoot, 'deploy/llamafactory/requirements.txt'),
    variable: 'CRITIQUE_LOOP_LLAMAFACTORY_PYTHON',
    cost: 'with LLaMA-Factory (about 5 minutes and 7 GB, once)',
    log,
  });
  command = join(dirname(interpreter), 'llamafactory-cli');
  python = await ensurePython({ log });
});

/** A fine-tune of models/actor on problems of the arithmetic world, solved unless there is something else to learn. */
async function aJob(count: number, training: object, completion?: string) {
  const folder = await temporaryFolder();
  const rows = [...questions({ seed: 1, split: 'train', count })].map((question) =>
    solveRow('base', 'reason', question, completion ?? question.solution!),
  );
  await writeFile(join(folder, 'sft.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const job: TrainingJob = {
    base: 'models/actor',
    data: join(folder, 'sft.jsonl'),
    output: join(folder, 'job'),
    seed: 1,
    training: Training.parse({
      backend: 'llamafactory',
      learningRate: 1e-3,
      batchSize: 8,
      gradientAccumulation: 1,
      maxLength: 384,
      saveSteps: 20,
      ...training,
    }),
  };
  const backend = new LlamaFactoryBackend(new LlamaFactoryHere({ command: [command], gpus: { names: [], locks: [] } }));
  onTestFinished(() => backend.cancel(job));
  return { folder, job, backend };
}

async function until(
  { backend, job }: { backend: LlamaFactoryBackend; job: TrainingJob },
  met: (status: TrainingStatus) => boolean,
) {
  for (;;) {
    const status = await backend.poll(job);
    if (met(status)) return status;
    if (status.state !== 'running')
      return expect.fail(`${JSON.stringify(status)}\n${await readFile(join(job.output, 'log'), 'utf8')}`);
    await sleep(100);
  }
}

/** What the checkpoint of a fine-tune in `folder` answers to problems that it was not trained on. */
async function ask(folder: string, sha256: string, count: number) {
  const engine = new EmbeddedEngine({ store: new FolderStore(folder), python: async () => python });
  onTestFinished(() => engine.close());
  const signal = AbortSignal.timeout(120_000);
  const checkpoint = { name: 'actor', uri: 'job/checkpoint', sha256 };
  const { client, name } = await engine.serve({ config: {}, checkpoint }, signal);
  const all = [...questions({ seed: 1, split: 'test', count })].map(async (question) => {
    const { prompt } = solveRow('base', 'reason', question, '');
    const request = { model: name, prompt, n: 1, seed: 1, temperature: 0, maxTokens: 128, stop: [] };
    return (await client.generate(request, signal)).texts[0];
  });
  return Promise.all(all);
}

test('trains, is killed half-way, goes on, and its checkpoint answers', async () => {
  const it = await aJob(1500, {});
  const { backend, job, folder } = it;
  await backend.submit(job);
  const pids = await processesWith(join(job.output, 'train.yaml'));
  expect(pids).toHaveLength(1);
  // A worker that is started anew adopts it.
  await new LlamaFactoryBackend(
    new LlamaFactoryHere({ command: ['no-such-command'], gpus: { names: [], locks: [] } }),
  ).submit(job);

  const half = await until(it, (status) => status.state === 'running' && status.step >= 94);
  expect(half).toMatchObject({ total: 188, loss: expect.any(Number) });
  process.kill(pids[0]!, 'SIGKILL');
  while ((await processesWith(join(job.output, 'train.yaml'))).length > 0) await sleep(50);
  expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
  // As if the kill had come while the newest resume point was being written.
  const points = async () =>
    (await readdir(join(job.output, 'trained'))).filter((name) => name.startsWith('checkpoint-'));
  const newest = (await points()).sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))[0]!;
  await rm(join(job.output, 'trained', newest, 'trainer_state.json'));

  await backend.submit(job);
  expect(await points()).not.toContain(newest);
  const end = await until(it, ({ state }) => state === 'succeeded');
  if (end.state !== 'succeeded') return expect.fail();
  const { result } = end;
  expect(result).toMatchObject({ checkpoint: join(job.output, 'checkpoint'), rows: 1500, dropped: 0, steps: 188 });
  expect(result.weightsSha256).toBe(await hashModel(result.checkpoint, AbortSignal.timeout(60_000)));
  expect(result.losses.map(({ step }) => step)).toEqual(Array.from({ length: 188 }, (_, i) => i + 1));
  expect(result.losses.at(-1)!.loss).toBeLessThan(0.5 * result.losses[0]!.loss);
  const [, resumedFrom] = (await readFile(join(job.output, 'log'), 'utf8')).match(
    /Resuming training from \S+checkpoint-(\d+)/,
  )!;
  expect(Number(resumedFrom)).toBe(Number(newest.split('-')[1]) - 20);
  await expect(readdir(result.checkpoint)).resolves.not.toContain(newest);
  // Done is done.
  await backend.submit(job);
  expect(await backend.poll(job)).toEqual(end);

  const answers = await ask(folder, result.weightsSha256, 20);
  // It has learnt how solutions look, and to end after them.
  for (const answer of answers)
    expect(answer).toMatchObject({ finishReason: 'stop', text: expect.stringMatching(/The answer is -?\d+\.$/) });
});

test('trains an adapter, and the engine serves it', async () => {
  const it = await aJob(400, { lora: { rank: 8 }, learningRate: 2e-3 }, 'The answer is 7.');
  await it.backend.submit(it.job);
  const end = await until(it, ({ state }) => state === 'succeeded');
  if (end.state !== 'succeeded') return expect.fail();
  expect(existsSync(join(end.result.checkpoint, 'adapter_model.safetensors'))).toBe(true);
  const [answer] = await ask(it.folder, end.result.weightsSha256, 1);
  expect(answer).toMatchObject({ finishReason: 'stop', text: 'The answer is 7.' });
});

describe('what LLaMA-Factory refuses', () => {
  test('is failed with its own last error', async () => {
    const it = await aJob(20, { template: 'no-such-template' });
    await it.backend.submit(it.job);
    const status = await until(it, ({ state }) => state !== 'running');
    expect(status).toEqual({
      state: 'failed',
      message: 'LLaMA-Factory: ValueError: Template no-such-template does not exist.',
    });
  });
});
