import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TrainingJob } from '../../../src/backends/training/contract.ts';
import { LlamaFactoryBackend } from '../../../src/backends/training/llamafactory.ts';
import { LlamaFactoryHere } from '../../../src/backends/training/llamafactory-here.ts';
import { groupOf, processesWith } from '../../../src/backends/training/process.ts';
import { Training } from '../../../src/config/training.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** A backend whose LLaMA-Factory is a shell script; it finds its job's folder in $output. */
async function setUp(script: string, training: object = {}, gpus = 0) {
  const folder = await temporaryFolder();
  const program = join(folder, 'llamafactory-cli');
  const rewrite = async (next: string) => {
    await writeFile(program, `#!/bin/sh\noutput=$(dirname "$2")\necho "$@" >> "$output/starts"\n${next}\n`);
    await chmod(program, 0o755);
  };
  await rewrite(script);
  const base = join(folder, 'base');
  await mkdir(base);
  await writeFile(join(base, 'config.json'), '{}');
  await writeFile(join(base, 'tokenizer_config.json'), '{"eos_token":{"content":"<end>"}}');
  await writeFile(
    join(base, 'tokenizer.json'),
    JSON.stringify({
      post_processor: {
        type: 'Sequence',
        processors: [
          { type: 'ByteLevel' },
          { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<begin>' } }, { Sequence: { id: 'A' } }] },
        ],
      },
    }),
  );
  const data = join(folder, 'sft.jsonl');
  await writeFile(data, '{"prompt":"1+1?","completion":" 2"}\n{"prompt":"2+2?","completion":" 4<end>"}\n');
  const output = join(folder, 'job');
  const job: TrainingJob = {
    base,
    data,
    output,
    seed: 7,
    training: Training.parse({ backend: 'llamafactory', ...training }),
  };
  const names = Array.from({ length: gpus }, (_, i) => String(i + 4));
  const locks = names.map((name) => join(folder, 'gpus', `${name}.lock`));
  const backend = new LlamaFactoryBackend(new LlamaFactoryHere({ command: [program], gpus: { names, locks } }));
  onTestFinished(() => backend.cancel(job));
  const read = async (name: string) => await readFile(join(output, name), 'utf8').catch(() => '');
  return {
    backend,
    job,
    output,
    base,
    locks,
    rewrite,
    read,
    starts: async () => (await read('starts')).split('\n').length - 1,
  };
}

const RUNS = 'while :; do sleep 0.05; done';
const pidOf = async (output: string) => Number.parseInt(await readFile(join(output, 'pid'), 'utf8'), 10);
const ended = ({ backend, job }: { backend: LlamaFactoryBackend; job: TrainingJob }) =>
  vi.waitFor(async () => {
    const status = await backend.poll(job);
    expect(status.state).not.toBe('running');
    return status;
  });

describe('a submission', () => {
  test('writes rows with what the tokenizer puts around them, and the arguments', async () => {
    const { backend, job, output, base, read } = await setUp(RUNS, { deepspeed: 'zero2.json', warmupRatio: 0.1 });
    await backend.submit(job);
    expect(await read('data/rows.jsonl')).toBe(
      '{"instruction":"<begin>1+1?","output":" 2<end>"}\n{"instruction":"<begin>2+2?","output":" 4<end>"}\n',
    );
    expect(JSON.parse(await read('data/dataset_info.json'))).toEqual({
      rows: {
        file_name: 'rows.jsonl',
        formatting: 'alpaca',
        columns: { prompt: 'instruction', response: 'output' },
      },
    });
    expect(JSON.parse(await read('train.yaml'))).toMatchObject({
      stage: 'sft',
      do_train: true,
      finetuning_type: 'full',
      model_name_or_path: base,
      template: 'empty',
      deepspeed: join(process.cwd(), 'zero2.json'),
      dataset: 'rows',
      dataset_dir: join(output, 'data'),
      output_dir: join(output, 'trained'),
      cutoff_len: 4096,
      per_device_train_batch_size: 4,
      gradient_accumulation_steps: 8,
      learning_rate: 5e-6,
      num_train_epochs: 1,
      lr_scheduler_type: 'cosine',
      warmup_ratio: 0.1,
      max_grad_norm: 1,
      save_only_model: false,
      bf16: false,
      seed: 7,
    });
    expect(JSON.parse(await read('train.yaml'))).not.toHaveProperty('overwrite_output_dir');
  });

  test('leaves prompts and completions to a template where one is given', async () => {
    const { backend, job, read } = await setUp(RUNS, { template: 'default' });
    await backend.submit(job);
    expect(await read('data/rows.jsonl')).toContain('{"instruction":"1+1?","output":" 2"}\n');
    expect(JSON.parse(await read('train.yaml')).template).toBe('default');
  });

  test('leaves messages to the chat template', async () => {
    const { backend, job, read } = await setUp(RUNS);
    const messages = [
      { role: 'user', content: '1+1?' },
      { role: 'assistant', content: '2' },
    ];
    await writeFile(job.data, `${JSON.stringify({ prompt: [messages[0]], completion: [messages[1]] })}\n`);
    await backend.submit(job);
    expect(JSON.parse(await read('data/rows.jsonl'))).toEqual({ messages });
    expect(JSON.parse(await read('data/dataset_info.json')).rows).toMatchObject({ formatting: 'sharegpt' });
    expect(JSON.parse(await read('train.yaml'))).not.toHaveProperty('template');
  });

  test('trains an adapter where it is asked to', async () => {
    const { backend, job, read } = await setUp(RUNS, { lora: { rank: 4, targets: ['q_proj', 'v_proj'] } });
    await backend.submit(job);
    expect(JSON.parse(await read('train.yaml'))).toMatchObject({
      finetuning_type: 'lora',
      lora_rank: 4,
      lora_alpha: 32,
      lora_target: 'q_proj,v_proj',
    });
  });

  test('without a token that ends texts says what to give', async () => {
    const { backend, job } = await setUp(RUNS);
    await rm(join(job.base, 'tokenizer_config.json'));
    await expect(backend.submit(job)).rejects.toMatchObject({
      type: 'TrainingFailed',
      message: expect.stringContaining('give training.template'),
    });
  });

  test('starts it once, and is adopted', async () => {
    const { backend, job, starts } = await setUp(RUNS);
    await backend.submit(job);
    expect(await backend.poll(job)).toEqual({ state: 'running', step: 0, total: 0, loss: null });
    await backend.submit(job);
    await new LlamaFactoryBackend(
      new LlamaFactoryHere({ command: ['no-such-command'], gpus: { names: [], locks: [] } }),
    ).submit(job);
    await vi.waitFor(async () => expect(await starts()).toBe(1));
  });

  test('by two at once never trains twice', async () => {
    const { backend, job, output } = await setUp(RUNS);
    await Promise.all([backend.submit(job), backend.submit(job)]);
    const first = await backend.poll(job);
    if (first.state === 'interrupted') await backend.submit(job);
    const groups = async () =>
      new Set(await Promise.all((await processesWith(join(output, 'train.yaml'))).map(groupOf)));
    await vi.waitFor(async () => expect(await groups()).toEqual(new Set([await pidOf(output)])));
    expect(await backend.poll(job)).toMatchObject({ state: 'running' });
  });

  test('of something else into the same folder is refused', async () => {
    const { backend, job } = await setUp(RUNS);
    await backend.submit(job);
    await expect(backend.submit({ ...job, seed: 8 })).rejects.toMatchObject({ type: 'StoreConflict' });
  });

  test('without the command is TrainerUnavailable, and names the variable', async () => {
    const { job } = await setUp(RUNS);
    const backend = new LlamaFactoryBackend(
      new LlamaFactoryHere({ command: ['no-such-command'], gpus: { names: [], locks: [] } }),
    );
    await expect(backend.submit(job)).rejects.toMatchObject({
      type: 'TrainerUnavailable',
      message: expect.stringMatching(/^no-such-command can't be started .*CRITIQUE_LOOP_LLAMAFACTORY/),
    });
  });

  test('of several processes has as many GPUs, and torchrun', async () => {
    const it = await setUp(`env > "$output/env"; ${RUNS}`, { processes: 2 }, 3);
    await it.backend.submit(it.job);
    await vi.waitFor(async () => expect(await it.read('env')).toContain('CUDA_VISIBLE_DEVICES=4,5\n'));
    expect(await it.read('env')).toContain('NPROC_PER_NODE=2\n');
    expect(await it.read('env')).toContain('FORCE_TORCHRUN=1\n');
    expect(JSON.parse(await it.read('train.yaml')).bf16).toBe(true);
  });

  test('for more GPUs than there are is refused', async () => {
    const { backend, job } = await setUp(RUNS, { processes: 2 }, 1);
    await expect(backend.submit(job)).rejects.toThrow('training.processes is 2, but this worker has 1 GPUs');
  });
});

describe('while it runs', () => {
  test('its log says how far it is, also while it is being written', async () => {
    const { backend, job, output } = await setUp(RUNS);
    await backend.submit(job);
    await mkdir(join(output, 'trained'));
    const line = (step: number) => `{"current_steps": ${step}, "total_steps": 9, "loss": ${step / 4}}\n`;
    await writeFile(join(output, 'trained', 'trainer_log.jsonl'), `${line(1)}${line(2)}{"current_st`);
    expect(await backend.poll(job)).toEqual({ state: 'running', step: 2, total: 9, loss: 0.5 });
  });

  test('a GPU that another uses is waited for', async () => {
    const first = await setUp(RUNS, {}, 1);
    await first.backend.submit(first.job);
    await vi.waitFor(async () => expect(await first.starts()).toBe(1));
    const second = await setUp(RUNS);
    const backend = new LlamaFactoryBackend(
      new LlamaFactoryHere({
        command: [join(second.output, '../llamafactory-cli')],
        gpus: { names: ['4'], locks: first.locks },
      }),
    );
    await backend.submit(second.job);
    await vi.waitFor(async () =>
      expect(await backend.poll(second.job)).toEqual({
        state: 'queued',
        waitingFor: expect.stringMatching(/^the GPU: process \d+ \(.*train.*\) holds it$/),
      }),
    );
    await first.backend.cancel(first.job);
    await vi.waitFor(async () => expect(await second.starts()).toBe(1));
  });

  test('a kill of the first of its processes ends them all', async () => {
    const { backend, job, output } = await setUp(`(sh -c '${RUNS}' child "$2") & ${RUNS}`);
    await backend.submit(job);
    const all = () => processesWith(join(output, 'train.yaml'));
    await vi.waitFor(async () => expect((await all()).length).toBeGreaterThan(1));
    process.kill(await pidOf(output), 'SIGKILL');
    await vi.waitFor(async () => expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' }));
    expect(await all()).toEqual([]);
  });

  test('a cancellation ends all of its processes', async () => {
    const { backend, job, output } = await setUp(`(sh -c '${RUNS}' child "$2") & ${RUNS}`);
    await backend.submit(job);
    const all = () => processesWith(join(output, 'train.yaml'));
    await vi.waitFor(async () => expect((await all()).length).toBeGreaterThan(1));
    await backend.cancel(job);
    expect(await all()).toEqual([]);
    expect(await backend.poll(job)).toMatchObject({ state: 'interrupted' });
  });
});

describe('an end', () => {
  const traceback = (error: string) => `echo 'Traceback (most recent call last):'; echo '${error}'; exit 1`;

  test.each([
    ['of one process', 'ValueError: Template x does not exist.', 'ValueError: Template x does not exist.'],
    ['of one of several', '[rank0]: KeyError: "no field"', 'KeyError: "no field"'],
  ])('by an error that comes again is failed with it: %s', async (_, written, told) => {
    const after = 'subprocess.CalledProcessError: Command torchrun returned 1';
    const it = await setUp(`echo '${written}'; ${traceback(after)}`);
    await it.backend.submit(it.job);
    expect(await ended(it)).toEqual({ state: 'failed', message: `LLaMA-Factory: ${told}` });
  });

  test('by what may pass is interrupted with it, and goes on when submitted again', async () => {
    const it = await setUp(traceback('torch.OutOfMemoryError: CUDA out of memory'));
    await it.backend.submit(it.job);
    expect(await ended(it)).toEqual({
      state: 'interrupted',
      message: `LLaMA-Factory ended early (torch.OutOfMemoryError: CUDA out of memory); its log is ${join(it.output, 'log')}`,
    });
    // A resume point that was cut short is none.
    for (const [step, state] of [
      [10, '{"global_step": 10, "max_steps": 30}'],
      [20, '{"global_st'],
    ] as const) {
      await mkdir(join(it.output, 'trained', `checkpoint-${step}`), { recursive: true });
      await writeFile(join(it.output, 'trained', `checkpoint-${step}`, 'trainer_state.json'), state);
    }
    await it.rewrite(`ls "$output/trained" > "$output/found"; ${RUNS}`);
    await it.backend.submit(it.job);
    await vi.waitFor(async () => expect(await it.read('found')).toBe('checkpoint-10\n'));
    expect(await it.backend.poll(it.job)).toMatchObject({ state: 'running' });
  });

  const finishes = (state: string, files = 'config.json model.safetensors tokenizer.json') => `
    mkdir -p "$output/trained/checkpoint-20"; cd "$output/trained"
    echo '{"current_steps":10,"total_steps":20,"loss":2}' > trainer_log.jsonl
    echo '{"current_steps":20,"total_steps":20,"loss":1}' >> trainer_log.jsonl
    echo '{"train_runtime":2.5}' > train_results.json
    for file in ${files}; do echo "$file" > $file; done
    echo '${state}' > trainer_state.json`;

  test('at the last step is success, with the model alone, once and for all', async () => {
    const it = await setUp(finishes('{"global_step":20,"max_steps":20}'));
    await it.backend.submit(it.job);
    const status = await ended(it);
    expect(status).toEqual({
      state: 'succeeded',
      result: {
        checkpoint: join(it.output, 'checkpoint'),
        weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        rows: 2,
        dropped: 0,
        steps: 20,
        seconds: 2.5,
        losses: [
          { step: 10, loss: 2 },
          { step: 20, loss: 1 },
        ],
      },
    });
    expect(await it.read('checkpoint/checkpoint-20/x')).toBe('');
    await it.backend.submit(it.job);
    expect(await it.backend.poll(it.job)).toEqual(status);
    expect(await it.starts()).toBe(1);
    // Killed before the result was written.
    await rm(join(it.output, 'result.json'));
    expect(await it.backend.poll(it.job)).toEqual(status);
  });

  test('before the last step is none', async () => {
    const it = await setUp(finishes('{"global_step":19,"max_steps":20}'));
    await it.backend.submit(it.job);
    expect(await ended(it)).toMatchObject({ state: 'interrupted' });
  });

  test('without the weights is failed', async () => {
    const it = await setUp(finishes('{"global_step":20,"max_steps":20}', 'config.json tokenizer.json'));
    await it.backend.submit(it.job);
    expect(await ended(it)).toEqual({
      state: 'failed',
      message: `${join(it.output, 'checkpoint')} lacks model.safetensors: remove ${it.output} to train again`,
    });
  });
});
