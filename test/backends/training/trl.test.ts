import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TrainingJob } from '../../../src/backends/training/contract.ts';
import { isAlive } from '../../../src/backends/training/process.ts';
import { TrlBackend } from '../../../src/backends/training/trl.ts';
import { TrlHere } from '../../../src/backends/training/trl-here.ts';
import { Training } from '../../../src/config/training.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** A backend whose trainer is a shell script; it finds its job's folder in $output. */
async function setUp(script: string) {
  const folder = await temporaryFolder();
  const program = join(folder, 'python');
  const rewrite = async (next: string) => {
    await writeFile(program, `#!/bin/sh\noutput=$(dirname "$2")\n${next}\n`);
    await chmod(program, 0o755);
  };
  await rewrite(script);
  const output = join(folder, 'job');
  const job: TrainingJob = {
    base: 'org/model',
    data: join(folder, 'sft.jsonl'),
    output,
    seed: 1,
    training: Training.parse({}),
  };
  const backend = new TrlBackend(new TrlHere({ python: async () => program }));
  onTestFinished(async () => {
    const pid = await pidOf(output).catch(() => 0);
    if (pid > 1 && (await isAlive(pid, join(output, 'job.json')))) process.kill(pid, 'SIGKILL');
  });
  return { backend, job, output, rewrite, starts: async () => lines(join(output, 'starts')) };
}

const pidOf = async (output: string) => Number.parseInt(await readFile(join(output, 'pid'), 'utf8'), 10);
const lines = async (file: string) => (await readFile(file, 'utf8').catch(() => '')).trim().split('\n');

const STARTS = 'echo started >> "$output/starts"';
const RUNS = `${STARTS}; printf '%s\\n%s\\n' $$ "$2" > "$output/pid"; while :; do sleep 0.05; done`;
const REFUSES = `${STARTS}; echo '{"event":"error","message":"data has no rows"}' >&2; exit 2`;
/** As train.py does with its lock. */
const RUNS_ALONE = `
if ! mkdir "$output/lock" 2>/dev/null; then
  echo '{"event":"held","message":"another process is training"}' >&2; exit 3
fi
${RUNS}`;

async function killed(output: string): Promise<void> {
  const pid = await pidOf(output);
  expect(pid).toBeGreaterThan(1);
  process.kill(pid, 'SIGKILL');
}

describe('a submission', () => {
  test('starts the trainer once, in a process that is found again', async () => {
    const { backend, job, starts } = await setUp(RUNS);
    await backend.submit(job);
    expect(await backend.poll(job)).toEqual({ state: 'running', step: 0, total: 0, loss: null });
    await backend.submit(job);
    await new TrlBackend(new TrlHere({ python: () => expect.fail('started another') })).submit(job);
    expect(await starts()).toEqual(['started']);
  });

  test('tells the trainer all of the job', async () => {
    const { backend, job, output } = await setUp('exit 1');
    await backend.submit(job);
    expect(JSON.parse(await readFile(join(output, 'job.json'), 'utf8'))).toEqual({
      base: 'org/model',
      data: job.data,
      output,
      seed: 1,
      epochs: 1,
      learningRate: 5e-6,
      batchSize: 4,
      gradientAccumulation: 8,
      maxLength: 4096,
      warmupRatio: 0,
      scheduler: 'cosine',
      weightDecay: 0,
      maxGradNorm: 1,
      saveSteps: 500,
      lora: null,
      processes: 1,
      loggingSteps: 1,
    });
  });

  test.each([
    ['another seed', { seed: 2 }],
    ['other data', { data: '/elsewhere.jsonl' }],
    ['another learning rate', { training: Training.parse({ learningRate: 1e-3 }) }],
  ])('of %s into the same folder is refused, and the first goes on', async (_, change) => {
    const { backend, job, starts } = await setUp(RUNS);
    await backend.submit(job);
    await expect(backend.submit({ ...job, ...change })).rejects.toMatchObject({
      type: 'StoreConflict',
      message: expect.stringContaining('job.json'),
    });
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
    expect(await starts()).toEqual(['started']);
  });

  test('by several at once starts one trainer, and the others adopt it', async () => {
    const { backend, job, output, starts } = await setUp(RUNS_ALONE);
    await Promise.all([1, 2, 3].map(() => backend.submit(job)));
    expect(await starts()).toEqual(['started']);
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
    // What the others were told is no failure of the job, when it is killed later.
    await killed(output);
    await vi.waitFor(async () => expect((await backend.poll(job)).state).toBe('interrupted'));
  });

  test('while a killed trainer still holds the lock waits for it', async () => {
    const { backend, job, output, starts } = await setUp(RUNS_ALONE);
    await mkdir(join(output, 'lock'), { recursive: true });
    setTimeout(() => void rm(join(output, 'lock'), { recursive: true }), 400);
    await backend.submit(job);
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
    expect(await starts()).toEqual(['started']);
  });

  test('without an interpreter is TrainerUnavailable, and may be made again', async () => {
    const { backend, job } = await setUp(RUNS);
    const broken = new TrlBackend(new TrlHere({ python: async () => '/no/such/python' }));
    await expect(broken.submit(job)).rejects.toMatchObject({
      type: 'TrainerUnavailable',
      message: expect.stringContaining('/no/such/python'),
    });
    await backend.submit(job);
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
  });
});

describe('a trainer', () => {
  test('that says why it can not is failed', async () => {
    const { backend, job } = await setUp(REFUSES);
    await backend.submit(job);
    expect(await backend.poll(job)).toEqual({ state: 'failed', message: 'data has no rows' });
  });

  test('that could not once, and is submitted again when it can, is not failed for its old error', async () => {
    const { backend, job, output, rewrite } = await setUp(REFUSES);
    await backend.submit(job);
    await rewrite(RUNS);
    await backend.submit(job);
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
    await killed(output);
    await vi.waitFor(async () => expect((await backend.poll(job)).state).toBe('interrupted'));
    await rewrite(REFUSES.replace('no rows', 'no sense'));
    await backend.submit(job);
    expect(await backend.poll(job)).toEqual({ state: 'failed', message: 'data has no sense' });
  });

  test('that crashed is interrupted, with its last words and its log, and goes on when submitted again', async () => {
    const { backend, job, output, rewrite } = await setUp(
      `echo '{"event":"step","step":1,"total":9,"loss":2}'; echo 'Traceback' >&2; printf 'torch.OutOfMemoryError: CUDA out of memory' >&2; exit 1`,
    );
    await backend.submit(job);
    expect(await backend.poll(job)).toEqual({
      state: 'interrupted',
      message: `the trainer ended early (torch.OutOfMemoryError: CUDA out of memory); its log is ${join(output, 'log')}`,
    });
    await rewrite('kill -9 $$');
    await backend.submit(job);
    expect(await backend.poll(job)).toMatchObject({ message: expect.stringMatching(/^the trainer ended early; its/) });
    await rewrite(RUNS);
    await backend.submit(job);
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
  });

  test('that was never started is interrupted, not unknown', async () => {
    const { backend, job } = await setUp(RUNS);
    expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
    await backend.cancel(job);
  });

  test('says how far it is, also while it is writing', async () => {
    const { backend, job, output } = await setUp(RUNS);
    await backend.submit(job);
    const step = (n: number) => `{"event":"step","step":${n},"total":9,"loss":${n / 2}}\n`;
    await writeFile(
      join(output, 'progress.jsonl'),
      `{"event":"start","total_steps":9}\n${step(1)}${step(2)}{"event":"st`,
    );
    expect(await backend.poll(job)).toEqual({ state: 'running', step: 2, total: 9, loss: 1 });
  });

  test('that waits for the GPU says for whom, until it has it', async () => {
    const { backend, job, output } = await setUp(RUNS);
    await backend.submit(job);
    const queued = '{"event":"queued","holder":"process 7 (vllm serve)"}\n';
    await writeFile(join(output, 'progress.jsonl'), queued);
    expect(await backend.poll(job)).toEqual({
      state: 'queued',
      waitingFor: 'the GPU: process 7 (vllm serve) uses it',
    });
    await backend.submit(job);
    await writeFile(join(output, 'progress.jsonl'), `${queued}{"event":"start","total_steps":9}\n`);
    expect(await backend.poll(job)).toEqual({ state: 'running', step: 0, total: 9, loss: null });
  });

  test('is ended by a cancellation, which waits for it', async () => {
    const { backend, job, output } = await setUp(
      `trap 'trap "" TERM; sleep 0.3; touch "$output/saved"; exit 143' TERM; ${RUNS}`,
    );
    await backend.submit(job);
    const pid = await pidOf(output);
    await backend.cancel(job);
    expect(await readFile(join(output, 'saved'), 'utf8')).toBe('');
    expect(await isAlive(pid, 'job.json')).toBe(false);
    expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
  });
});

describe('a pid that was given to another process', () => {
  test('is not taken for the trainer, and is not killed', async () => {
    const { backend, job, output, rewrite, starts } = await setUp('exit 1');
    await backend.submit(job);
    await writeFile(join(output, 'pid'), `${process.pid}\n${join(output, 'job.json')}\n`);
    expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
    await backend.cancel(job);
    await rewrite(RUNS);
    await backend.submit(job);
    expect(await starts()).toEqual(['started']);
    expect(await pidOf(output)).not.toBe(process.pid);
  });

  test.each(['', '0', '-1', 'x', '99999999', '1', `${process.pid}`, `${process.pid}\n`])(
    'or is %j is nobody',
    async (text) => {
      const { backend, job, output } = await setUp('exit 1');
      await backend.submit(job);
      await writeFile(join(output, 'pid'), text);
      expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
      await backend.cancel(job);
    },
  );
});

describe('a result', () => {
  const RESULT = { steps: 3, total: 3, loss: 1, rows: 24, dropped: 0, seconds: 2.5, tokens: 900, weightsSha256: 'abc' };

  async function finished(result: object, files: string[], progress = '') {
    const { backend, job, output, starts } = await setUp(STARTS);
    await mkdir(join(output, 'checkpoint'), { recursive: true });
    for (const file of files) await writeFile(join(output, 'checkpoint', file), '');
    await backend.submit(job);
    await writeFile(join(output, 'progress.jsonl'), progress);
    await writeFile(join(output, 'result.json'), JSON.stringify(result));
    return { backend, job, output, starts };
  }
  const ADAPTER = ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json'];
  const WHOLE = ['config.json', 'model.safetensors', 'tokenizer.json'];
  const SHARDED = [
    'config.json',
    'model-00001-of-00002.safetensors',
    'model.safetensors.index.json',
    'tokenizer_config.json',
  ];

  test.each([
    ['in one file', WHOLE],
    ['in several', SHARDED],
  ])('with a checkpoint %s is success, and is not trained again', async (_, files) => {
    const { backend, job, output, starts } = await finished(RESULT, files);
    expect(await backend.poll(job)).toEqual({
      state: 'succeeded',
      result: {
        checkpoint: join(output, 'checkpoint'),
        weightsSha256: 'abc',
        rows: 24,
        dropped: 0,
        steps: 3,
        seconds: 2.5,
        losses: [],
      },
    });
    await backend.submit(job);
    expect(await starts()).toEqual(['started']);
  });

  test.each(WHOLE)('without %s is failed, and says what to do', async (lost) => {
    const { backend, job, output } = await finished(RESULT, WHOLE);
    await rm(join(output, 'checkpoint', lost));
    expect(await backend.poll(job)).toEqual({
      state: 'failed',
      message: `${join(output, 'checkpoint')} lacks ${lost}: remove ${output} to train again`,
    });
  });

  test('of an adapter has other files', async () => {
    const { backend, job, output } = await finished(RESULT, ADAPTER);
    const adapter = { ...job, training: Training.parse({ lora: {} }) };
    expect(await backend.poll(adapter)).toMatchObject({ state: 'succeeded' });
    await rm(join(output, 'checkpoint', 'adapter_model.safetensors'));
    expect(await backend.poll(adapter)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('lacks adapter_model.safetensors'),
    });
  });

  test.each([
    [0, 0],
    [2, 3],
    [0, 3],
  ])('of %i of %i steps is failed: it did not train', async (steps, total) => {
    const { backend, job } = await finished({ ...RESULT, steps, total }, WHOLE);
    expect(await backend.poll(job)).toEqual({ state: 'failed', message: `trained ${steps} of ${total} steps` });
  });

  test.each([1, 3, 199, 200, 201, 399, 400, 5000])(
    'of %i steps has at most 200 losses, with the first and the last',
    async (n) => {
      const step = (i: number, loss: number) => `${JSON.stringify({ event: 'step', step: i, total: n, loss })}\n`;
      // A resumed job repeats steps; what came last counts.
      const progress = step(1, 99) + Array.from({ length: n }, (_, i) => step(i + 1, 1 / (i + 1))).join('');
      const { backend, job } = await finished({ ...RESULT, steps: n, total: n }, WHOLE, progress);
      const status = await backend.poll(job);
      if (status.state !== 'succeeded') return expect.fail(JSON.stringify(status));
      const { losses } = status.result;
      expect(losses.length).toBeLessThanOrEqual(200);
      expect(losses.length).toBeGreaterThanOrEqual(Math.min(n, 100));
      expect(losses[0]).toEqual({ step: 1, loss: 1 });
      expect(losses.at(-1)).toEqual({ step: n, loss: 1 / n });
    },
  );
});

test('a process is alive under its own command line only, and not when it has ended', async () => {
  expect(await isAlive(process.pid, 'vitest')).toBe(true);
  expect(await isAlive(process.pid, '/other/job.json')).toBe(false);
  const child = spawn('sh', ['-c', 'sleep 0.05 job.json 2>/dev/null || sleep 0.05', 'job.json']);
  expect(await isAlive(child.pid!, 'job.json')).toBe(true);
  await vi.waitFor(async () => expect(await isAlive(child.pid!, 'job.json')).toBe(false));
});
