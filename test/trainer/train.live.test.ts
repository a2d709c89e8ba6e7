import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { isAlive } from '../../src/backends/training/process.ts';
import { randomCheckpoint, startEngine } from '../support/engine.ts';

const python = inject('python');
const script = new URL('../../deploy/trainer/train.py', import.meta.url).pathname;
let folder: string;

interface Event {
  event: string;
  step?: number;
  total?: number;
  total_steps?: number;
  loss?: number;
  resumedFrom?: number | null;
  already?: boolean;
  message?: string;
  tokensPerSecond?: number;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-test-'));
  await randomCheckpoint(python, join(folder, 'base'), { seed: 1 });
  const rows = Array.from({ length: 96 }, (_, i) => ({
    prompt: `Ann has ${i % 7} pears.${' Really.'.repeat(i % 4)} How many?`,
    completion: ` The answer is ${i % 7}.`,
  }));
  await writeFile(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);

/** Starts train.py with a small job; `over` changes its fields. */
/** How many threads there are decides how sums are rounded. */
const env = { ...process.env, OMP_NUM_THREADS: '1' };

async function start(name: string, over: Record<string, unknown> = {}, args: string[] = []) {
  const output = join(folder, name);
  const file = join(folder, `${name}.json`);
  const job = {
    base: join(folder, 'base'),
    data: join(folder, 'rows.jsonl'),
    output,
    epochs: 4,
    learningRate: 0.01,
    batchSize: 8,
    maxLength: 128,
    saveSteps: 10,
    loggingSteps: 1,
    seed: 3,
  };
  await writeFile(file, JSON.stringify({ ...job, ...over }));
  // One thread each: several of these run at once here, and threads that wait for each other would fight for the cores.
  const child = spawn(python, [script, file, ...args], { env });
  return { child, file, output, ended: collect(child) };
}

async function collect(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, 'close');
  const said = lines(stderr).find((e) => e.event === 'error');
  return { code: code as number | null, signal, events: lines(stdout), stdout, message: said?.message ?? stderr };
}

const run = async (name: string, over?: Record<string, unknown>) => (await start(name, over)).ended;
const result = async (name: string) => JSON.parse(await readFile(join(folder, name, 'result.json'), 'utf8'));
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(5);
};

describe('a fine-tune', () => {
  test('learns, says how it goes, and leaves an ordinary checkpoint that the engine serves', async () => {
    const { code, events, stdout, message } = await run('whole', { epochs: 12 });
    expect(code, message).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(events.length);
    expect(events[0]).toMatchObject({ event: 'start', rows: 96, total_steps: 144, resumedFrom: null });
    const steps = events.filter((e) => e.event === 'step');
    expect(steps.map((e) => e.step)).toEqual(Array.from({ length: 144 }, (_, i) => i + 1));
    expect(steps.at(-1)).toMatchObject({ total: 144, epoch: 12, tokensPerSecond: expect.any(Number) });
    expect(steps.at(-1)!.loss).toBeLessThan(0.1 * steps[0]!.loss!);
    expect(await result('whole')).toMatchObject({ steps: 144, total: 144, rows: 96, loss: steps.at(-1)!.loss });

    const progress = await readFile(join(folder, 'whole', 'progress.jsonl'), 'utf8');
    expect(lines(progress)).toEqual(events);
    expect(readdirSync(join(folder, 'whole')).sort()).toEqual(
      ['checkpoint', 'lock', 'pid', 'progress.jsonl', 'result.json'].sort(),
    );

    const again = await run('whole', { epochs: 12 });
    expect(again).toMatchObject({ code: 0, events: [{ event: 'done', already: true }] });

    // It has learnt the completion with the end after it.
    const engine = await startEngine(python, ['--model', `m=${join(folder, 'whole', 'checkpoint')}`]);
    try {
      const body = { model: 'm', prompt: 'Ann has 5 pears. How many?', temperature: 0, max_tokens: 30 };
      const answer = await fetch(`${engine.url}/v1/completions`, { method: 'POST', body: JSON.stringify(body) });
      expect(await answer.json()).toMatchObject({ choices: [{ text: ' The answer is 5.', finish_reason: 'stop' }] });
    } finally {
      await engine.stop();
    }
  });

  test('learns completions only: the words of a prompt do not matter to the first loss', async () => {
    const firstLoss = async (name: string, prompt: string, completion: string) => {
      await writeFile(join(folder, `${name}.jsonl`), `${JSON.stringify({ prompt, completion })}\n`);
      const over = { data: join(folder, `${name}.jsonl`), epochs: 1, batchSize: 1 };
      const { events } = await run(name, over);
      return events.find((e) => e.event === 'step')!.loss!;
    };
    // The loss of "B" + end after "A" is its share in the loss of "A" "B" + end after nothing: more tokens, another mean.
    const script = `
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer, model = AutoTokenizer.from_pretrained(sys.argv[1]), AutoModelForCausalLM.from_pretrained(sys.argv[1])
prompt, completion = (tokenizer(t)["input_ids"] for t in sys.argv[2:])
ids = torch.tensor(prompt + completion + [tokenizer.eos_token_id])
scores = model(ids[None]).logits[0, :-1].log_softmax(-1)
print(-scores[range(len(ids) - 1), ids[1:]][len(prompt) - 1 :].mean().item())
`;
    const text = ['Ann has 12 pears. How many?', ' The answer is 12.'] as const;
    const [loss, expected] = await Promise.all([
      firstLoss('masked', ...text),
      collect(spawn(python, ['-c', script, join(folder, 'base'), ...text])).then((r) => Number(r.stdout)),
    ]);
    expect(loss).toBeCloseTo(expected, 3);
  });

  test('takes chat messages', async () => {
    const row = {
      prompt: [{ role: 'user', content: 'How many?' }],
      completion: [{ role: 'assistant', content: 'The answer is 3.' }],
    };
    await writeFile(join(folder, 'chat.jsonl'), `${JSON.stringify(row)}\n`.repeat(8));
    const { code, events } = await run('chat', { data: join(folder, 'chat.jsonl'), epochs: 2 });
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ event: 'done', steps: 2, already: false });
  });
});

describe('interrupted', () => {
  test('by kill -9 at any point, it ends in the same weights bit for bit', async () => {
    const undisturbed = run('undisturbed');
    const first = await start('killed');
    await until(() => existsSync(join(first.output, 'resume', 'checkpoint-20', 'whole')));
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');

    // As if the kill had come while the next resume point was being written, and in the middle of a line.
    await rm(join(first.output, 'resume', 'checkpoint-20', 'whole'));
    const progress = join(first.output, 'progress.jsonl');
    await writeFile(progress, `${await readFile(progress, 'utf8')}{"event": "st`);

    const second = await run('killed');
    expect(second.code, second.message).toBe(0);
    expect(second.events[0]).toMatchObject({ event: 'start', resumedFrom: 10 });
    expect(second.events[1]).toMatchObject({ event: 'step', step: 11 });
    expect((await undisturbed).code).toBe(0);
    const [whole, resumed] = [await result('undisturbed'), await result('killed')];
    expect(resumed.weightsSha256).toBe(whole.weightsSha256);
    expect(resumed.losses).toEqual(whole.losses);
    const torn = (await readFile(progress, 'utf8')).split('\n').filter((line) => line === '{"event": "st');
    expect(torn).toHaveLength(1);
  });

  test('by SIGTERM, it leaves a resume point at once', async () => {
    const first = await start('stopped', { saveSteps: 1000, epochs: 50 });
    await until(() => existsSync(join(first.output, 'progress.jsonl')));
    while (lines(await readFile(join(first.output, 'progress.jsonl'), 'utf8')).length < 5) await sleep(5);
    first.child.kill('SIGTERM');
    const { code, events } = await first.ended;
    expect(code).toBe(143);
    const point = readdirSync(join(first.output, 'resume')).map((name) => Number(name.split('-')[1]));
    expect(point).toEqual([events.at(-1)!.step]);
    expect(existsSync(join(first.output, 'result.json'))).toBe(false);
  });

  test('a second process on the same output is refused', async () => {
    const first = await start('locked', { epochs: 1000 });
    await until(() => existsSync(join(first.output, 'pid')));
    const second = await run('locked', { epochs: 1000 });
    expect(second).toMatchObject({ code: 3, message: expect.stringContaining('another process is training into') });
    expect(await readFile(join(first.output, 'pid'), 'utf8')).toBe(`${first.child.pid}\n${first.file}\n`);
    first.child.kill('SIGKILL');
    await first.ended;
  });
});

const LORA = { lora: { rank: 8, alpha: 32, dropout: 0.1, targets: 'all-linear' }, learningRate: 0.03 };

describe('an adapter', () => {
  test('is learnt beside the weights of its base, and the engine serves it', async () => {
    const row = { prompt: 'How many?', completion: ' I do not know.' };
    await writeFile(join(folder, 'modest.jsonl'), `${JSON.stringify(row)}\n`.repeat(96));
    const { code, message } = await run('adapter', { ...LORA, data: join(folder, 'modest.jsonl') });
    expect(code, message).toBe(0);
    const checkpoint = join(folder, 'adapter', 'checkpoint');
    expect(existsSync(join(checkpoint, 'model.safetensors'))).toBe(false);
    expect(JSON.parse(await readFile(join(checkpoint, 'adapter_config.json'), 'utf8'))).toMatchObject({
      base_model_name_or_path: join(folder, 'base'),
      r: 8,
      lora_alpha: 32,
      target_modules: expect.arrayContaining(['model.layers.0.mlp.down_proj', 'model.layers.1.self_attn.q_proj']),
    });

    const engine = await startEngine(python, ['--model', `m=${checkpoint}`]);
    try {
      const body = { model: 'm', prompt: 'How many?', temperature: 0, max_tokens: 30 };
      const answer = await fetch(`${engine.url}/v1/completions`, { method: 'POST', body: JSON.stringify(body) });
      expect(await answer.json()).toMatchObject({ choices: [{ text: ' I do not know.', finish_reason: 'stop' }] });
    } finally {
      await engine.stop();
    }
  });

  test('killed while it is learnt ends in the same weights bit for bit', async () => {
    const undisturbed = run('adapter-undisturbed', LORA);
    const first = await start('adapter-killed', LORA);
    await until(() => existsSync(join(first.output, 'resume', 'checkpoint-20', 'whole')));
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await run('adapter-killed', LORA);
    expect(second.events[0], second.message).toMatchObject({ event: 'start', resumedFrom: 20 });
    expect((await undisturbed).code).toBe(0);
    const [whole, resumed] = [await result('adapter-undisturbed'), await result('adapter-killed')];
    expect(resumed.weightsSha256).toBe(whole.weightsSha256);
  });

  test('of what the base does not have is refused', async () => {
    const { code, message } = await run('adapter-of-nothing', { lora: { targets: ['no_such_module'] } });
    expect(message).toContain('job field lora.targets: Target modules');
    expect(code).toBe(2);
  });
});

describe('several processes', () => {
  // The last step has two rows, one for each process; the last but one of four times as many is whole.
  const TWO = { batchSize: 4, processes: 2, epochs: 1.1 };
  const peersOf = (pid: number) =>
    execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)])
      .toString()
      .split('\n');

  test('learn what one learns from as many rows a step', async () => {
    const [one, two] = await Promise.all([run('one', { batchSize: 8, epochs: 1.1 }), run('two', TWO)]);
    expect(two.code, two.message).toBe(0);
    const [alone, together] = [await result('one'), await result('two')];
    expect(together.steps).toBe(14);
    expect(together.rows).toBe(96);
    expect(one.events[0]).toMatchObject({ total_steps: 14 });
    for (const [i, { loss }] of together.losses.entries()) expect(loss).toBeCloseTo(alone.losses[i].loss, 2);
    const step = (events: Event[]) => events.flatMap((e) => (e.event === 'step' ? [e.step] : []));
    expect(step(two.events)).toEqual(step(one.events));
  });

  test('end when one of them is killed, and go on to the same weights', async () => {
    const over = { ...TWO, epochs: 4 };
    const undisturbed = run('two-undisturbed', over);
    const first = await start('two-killed', over);
    await until(() => existsSync(join(first.output, 'resume', 'checkpoint-10', 'whole')));
    const [peer] = peersOf(first.child.pid!).map(Number);
    process.kill(peer!, 'SIGKILL');
    const { code, message } = await first.ended;
    expect(code).toBe(1);
    expect(message).toContain('process 1 of this fine-tune ended (-9)');

    const second = await start('two-killed', over);
    await until(() => existsSync(join(second.output, 'resume', 'checkpoint-30', 'whole')));
    const [other] = peersOf(second.child.pid!).map(Number);
    second.child.kill('SIGKILL');
    await second.ended;
    while (await isAlive(other!, '--rank')) await sleep(10);

    const third = await run('two-killed', over);
    expect(third.code, third.message).toBe(0);
    expect(third.events[0]).toMatchObject({ event: 'start', resumedFrom: 30 });
    expect((await undisturbed).code).toBe(0);
    expect((await result('two-killed')).weightsSha256).toBe((await result('two-undisturbed')).weightsSha256);
  });

  test('stop at the same step', async () => {
    const first = await start('two-stopped', { ...TWO, epochs: 50, saveSteps: 1000 });
    await until(() => existsSync(join(first.output, 'progress.jsonl')));
    while (lines(await readFile(join(first.output, 'progress.jsonl'), 'utf8')).length < 5) await sleep(5);
    first.child.kill('SIGTERM');
    const { code, events, message } = await first.ended;
    expect(code, message).toBe(143);
    const point = readdirSync(join(first.output, 'resume')).map((name) => Number(name.split('-')[1]));
    expect(point).toEqual([events.at(-1)!.step]);
  });
});

test('the GPU is waited for, and the holder named', async () => {
  const lock = join(folder, 'gpus', '0.lock');
  const lease = new URL('../../deploy/trainer/lease.py', import.meta.url).pathname;
  const holder = spawn(python, [lease, 'run', lock, '--', 'sleep', '1000']);
  await until(() => existsSync(lock) && readFileSync(lock, 'utf8') !== '');
  const { output, ended } = await start('leased', { epochs: 1 }, ['--gpu-lock', lock]);
  await until(
    () => existsSync(join(output, 'progress.jsonl')) && readFileSync(join(output, 'progress.jsonl'), 'utf8') !== '',
  );
  holder.kill('SIGKILL');
  const { code, events, message } = await ended;
  expect(code, message).toBe(0);
  expect(events.slice(0, 2)).toMatchObject([
    { event: 'queued', holder: `process ${holder.pid} (sleep 1000)` },
    { event: 'start', total_steps: 12 },
  ]);
});

describe('a spare', () => {
  const spare = () => spawn(python, [script, 'spare-of-the-test', '--spare'], { env });

  test('trains the job that it is given, and writes its log', async () => {
    const { file, output, ended } = await start('given', { epochs: 1 });
    expect((await ended).code).toBe(0);
    const { weightsSha256 } = await result('given');
    await rm(output, { recursive: true });

    const child = spare();
    const spareEnded = collect(child);
    await mkdir(output);
    await rename(file, join(output, 'job.json'));
    child.stdin.end(`${JSON.stringify({ job: join(output, 'job.json'), gpuLocks: [] })}\n`);
    expect(await spareEnded).toMatchObject({ code: 0, stdout: '' });
    expect((await result('given')).weightsSha256).toBe(weightsSha256);
    const log = lines(await readFile(join(output, 'log'), 'utf8'));
    expect(log.at(-1)).toMatchObject({ event: 'done', steps: 12 });
    expect(await readFile(join(output, 'pid'), 'utf8')).toBe(`${child.pid}\nspare-of-the-test\n`);
  });

  test('ends with who might give it one', async () => {
    const child = spare();
    child.stdin.end();
    expect(await collect(child)).toMatchObject({ code: 0, stdout: '' });
  });
});

test('a row whose prompt fills maxLength is left out and counted', async () => {
  const long = { prompt: `${'Really. '.repeat(400)}How many?`, completion: ' 3.' };
  const rows = `${await readFile(join(folder, 'rows.jsonl'), 'utf8')}${JSON.stringify(long)}\n`;
  await writeFile(join(folder, 'with-a-long-row.jsonl'), rows);
  const { code, events } = await run('long-row', { data: join(folder, 'with-a-long-row.jsonl'), epochs: 1 });
  expect(code).toBe(0);
  expect(events[0]).toMatchObject({ event: 'start', rows: 96, dropped: 1 });
  expect(await result('long-row')).toMatchObject({ rows: 96, dropped: 1, steps: 12 });
});

describe('bad input', () => {
  const data = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return { data: join(folder, name) };
  };

  test.each([
    ['a missing field', async () => ({ base: undefined }), 'job field base is missing'],
    ['an unknown field of lora', async () => ({ lora: { r: 3 } }), 'job field lora.r is unknown'],
    ['a bad value of lora', async () => ({ lora: { rank: 0 } }), 'job field lora.rank has a bad value: 0'],
    ['an unknown field', async () => ({ epoch: 3 }), 'job field epoch is unknown'],
    ['a value out of range', async () => ({ learningRate: -1 }), 'job field learningRate has a bad value: -1'],
    ['a missing file', async () => ({ data: '/nowhere.jsonl' }), 'job field data: /nowhere.jsonl can'],
    ['no rows', () => data('empty.jsonl', ''), 'has no rows'],
    ['a row without prompt', () => data('half.jsonl', '{"completion": "x"}\n'), 'row 1: prompt must be'],
    [
      'a line that is not JSON',
      () => data('torn.jsonl', '{"prompt": "x", "completion": "y"}\n{"pro'),
      'row 2 is not JSON',
    ],
    ['a base that is none', async () => ({ base: join(tmpdir(), 'no-such-model') }), 'job field base: '],
    ['prompts that all fill maxLength', async () => ({ maxLength: 4 }), 'maxLength is 4: nothing is left to learn'],
    ['a loss that is not a number', async () => ({ learningRate: 1e30 }), 'loss is nan at step'],
  ])('%s: one line, exit code 2, no result', async (name, over, message) => {
    const slug = name.replaceAll(' ', '-');
    const ended = await run(slug, await over());
    expect(ended.message).toContain(message);
    expect(ended.code).toBe(2);
    expect(existsSync(join(folder, slug, 'result.json'))).toBe(false);
  });
});
