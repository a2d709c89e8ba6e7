import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
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
async function start(name: string, over: Record<string, unknown> = {}) {
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
  const child = spawn(python, [script, file], { env: { ...process.env, OMP_NUM_THREADS: '1' } });
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
