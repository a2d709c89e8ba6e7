import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { metric, randomCheckpoint, startEngine, type TestEngine } from '../support/engine.ts';

const python = inject('python');
const PROMPT = 'Ann has 12 pears. She buys 7 more.';
let folder: string;
let engine: TestEngine;
let openai: OpenAI;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-test-'));
  await Promise.all([
    randomCheckpoint(python, join(folder, 'actor'), { seed: 1 }),
    randomCheckpoint(python, join(folder, 'critic'), { seed: 2, width: 64, kvHeads: 2, chatTemplate: true }),
    randomCheckpoint(python, join(folder, 'next'), { seed: 3 }),
    randomCheckpoint(python, join(folder, 'neox'), { seed: 4, kind: 'gpt_neox' }),
  ]);
  const model = (name: string) => ['--model', `${name}=${join(folder, name)}`];
  engine = await startEngine(python, [...model('actor'), ...model('critic'), ...model('neox')]);
  openai = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(async () => {
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});

const post = (path: string, body: unknown) =>
  fetch(engine.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

const complete = (body: Partial<OpenAI.CompletionCreateParamsNonStreaming>) =>
  openai.completions.create({ model: 'actor', prompt: PROMPT, ...body, stream: false });

const error = async (path: string, body: unknown) => {
  const response = await post(path, body);
  const answer = (await response.json()) as { error: { message: string; type: string; param: string | null } };
  return { status: response.status, ...answer.error };
};

describe('completions', () => {
  test('answer in the shape of OpenAI, 16 tokens long unless told', async () => {
    const answer = await complete({ temperature: 0 });
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      model: 'actor',
      choices: [{ index: 0, text: expect.any(String), finish_reason: 'length', stop_reason: null, logprobs: null }],
    });
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage!;
    expect(prompt_tokens).toBeGreaterThan(5);
    expect(completion_tokens).toBe(16);
    expect(total_tokens).toBe(prompt_tokens + 16);
  });

  test('give n different choices, the same ones for the same seed', async () => {
    const ask = async (seed: number) =>
      (await complete({ n: 5, seed, temperature: 1, max_tokens: 20 })).choices.map((c) => c.text);
    const first = await ask(7);
    expect(new Set(first).size).toBe(5);
    expect(await ask(7)).toEqual(first);
    expect(await ask(8)).not.toEqual(first);
  });

  test('differ without a seed', async () => {
    const texts = await Promise.all([1, 2, 3].map(async () => (await complete({ max_tokens: 20 })).choices[0]!.text));
    expect(new Set(texts).size).toBe(3);
  });

  test('do not depend on what else is in the batch', async () => {
    const asked = { n: 3, seed: 5, temperature: 0.8, max_tokens: 40 };
    const alone = (await complete(asked)).choices.map((c) => c.text);
    const others = Array.from({ length: 100 }, (_, i) =>
      complete({ prompt: `${PROMPT} ${'x'.repeat(i)}`, seed: i, max_tokens: 10 + i }),
    );
    const amid = (await complete(asked)).choices.map((c) => c.text);
    await Promise.all(others);
    expect(amid).toEqual(alone);
  });

  test('take several prompts, and token ids', async () => {
    const { choices, usage } = await complete({ prompt: ['Ann', 'Ben'], n: 2, seed: 1 });
    expect(choices.map((c) => c.index)).toEqual([0, 1, 2, 3]);
    const ids = await complete({ prompt: [10, 11, 12], temperature: 0, max_tokens: 4 });
    expect(ids.usage!.prompt_tokens).toBe(3);
    expect(usage!.completion_tokens).toBeLessThanOrEqual(64);
  });

  test('end before a stop string, which is named', async () => {
    const whole = (await complete({ temperature: 0, max_tokens: 60 })).choices[0]!.text;
    const stop = whole.slice(20, 22);
    const answer = await complete({ temperature: 0, max_tokens: 60, stop: ['never in there', stop] });
    expect(answer.choices[0]).toMatchObject({
      text: whole.slice(0, whole.indexOf(stop)),
      finish_reason: 'stop',
      stop_reason: stop,
    });
    expect(answer.usage!.completion_tokens).toBeLessThan(60);
  });

  test('end at the end-of-text token', async () => {
    const answer = await complete({ n: 100, seed: 1, temperature: 5, max_tokens: 200 });
    const ended = answer.choices.filter((c) => c.finish_reason === 'stop');
    expect(ended.length).toBeGreaterThan(10);
    for (const choice of ended) expect(choice.text).not.toContain('<|end_of_text|>');
  });

  test('carry log probabilities: greedy takes the highest', async () => {
    const { logprobs } = (await complete({ temperature: 0, max_tokens: 5, logprobs: 3 })).choices[0]!;
    expect(logprobs!.tokens).toHaveLength(5);
    logprobs!.top_logprobs!.forEach((top, i) => {
      expect(logprobs!.token_logprobs![i]).toBeCloseTo(Math.max(...Object.values(top)), 5);
    });
    expect(logprobs!.text_offset![0]).toBe(0);
  });

  test('narrow with top_p', async () => {
    const greedy = (await complete({ temperature: 0, max_tokens: 30 })).choices[0]!.text;
    const narrow = await complete({ temperature: 1, top_p: 1e-6, n: 3, seed: 1, max_tokens: 30 });
    expect(narrow.choices.map((c) => c.text)).toEqual([greedy, greedy, greedy]);
    const wide = await complete({ temperature: 1, top_p: 0.99, n: 3, seed: 1, max_tokens: 30 });
    expect(wide.choices.map((c) => c.text)).not.toContain(greedy);
  });
});

describe('chat completions', () => {
  const messages = [{ role: 'user' as const, content: 'How many?' }];

  test('apply the chat template of the tokenizer', async () => {
    const chat = await openai.chat.completions.create({ model: 'critic', messages, temperature: 0, max_tokens: 12 });
    const prompt = '<user>How many?\n<assistant>';
    const text = await complete({ model: 'critic', prompt, temperature: 0, max_tokens: 12 });
    expect(chat).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: text.choices[0]!.text }, finish_reason: 'length' }],
      usage: text.usage,
    });
  });

  test('fall back to User and Assistant turns, and to the rest of the context', async () => {
    const chat = await openai.chat.completions.create({ model: 'actor', messages, temperature: 0, logprobs: true });
    const prompt = 'User: How many?\nAssistant:';
    const text = await complete({ prompt, temperature: 0, max_tokens: 200 });
    expect(chat.choices[0]!.message.content!.startsWith(text.choices[0]!.text)).toBe(true);
    expect(chat.usage!.total_tokens).toBe(256);
    expect(chat.choices[0]!.logprobs!.content).toHaveLength(chat.usage!.completion_tokens);
  });
});

describe('errors', () => {
  test.each([
    ['temperature', { temperature: -1 }, 'temperature must be a number from 0 to 100, got -1'],
    ['max_tokens', { max_tokens: 0 }, 'max_tokens must be an integer from 1'],
    ['max_tokens', { max_tokens: 1.5 }, 'max_tokens must be an integer'],
    ['max_tokens', { max_tokens: 900 }, "This model's maximum context length is 256 tokens. However, you requested"],
    ['n', { n: 0 }, 'n must be'],
    ['top_p', { top_p: 2 }, 'top_p must be'],
    ['stop', { stop: [1] }, 'stop must be'],
    ['stream', { stream: true }, 'stream is not supported'],
    ['prompt', { prompt: null }, 'prompt must be'],
    ['prompt', { prompt: [100_000] }, 'prompt must be'],
    ['prompt', { prompt: '' }, 'The prompt is empty'],
    ['seed', { seed: 'x' }, 'seed must be'],
    ['model', { model: 7 }, 'model must be'],
  ])('400 names %s: %j', async (param, body, message) => {
    const answer = await error('/v1/completions', { model: 'actor', prompt: PROMPT, ...body });
    expect(answer).toMatchObject({ status: 400, type: 'BadRequestError', param });
    expect(answer.message).toContain(message);
  });

  test('404 lists the models that are loaded; the client knows its class', async () => {
    await expect(complete({ model: 'nobody' })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(complete({ model: 'nobody' })).rejects.toThrow('Loaded: actor, critic');
  });

  test('no such route, wrong method, no JSON', async () => {
    expect(await error('/v1/nothing', {})).toMatchObject({ status: 404 });
    expect((await fetch(`${engine.url}/v1/completions`)).status).toBe(405);
    expect(await error('/v1/completions', '{')).toMatchObject({ status: 400, type: 'BadRequestError' });
    const chat = await error('/v1/chat/completions', { model: 'actor', messages: [{ role: 'user' }] });
    expect(chat).toMatchObject({ status: 400, param: 'messages' });
  });
});

describe('checkpoints', () => {
  test('are listed', async () => {
    const { data } = await openai.models.list();
    expect(data.map((m) => m.id)).toEqual(expect.arrayContaining(['actor', 'critic']));
    expect(data[0]).toMatchObject({ object: 'model', root: join(folder, 'actor'), max_model_len: 256 });
    expect((await fetch(`${engine.url}/health`)).status).toBe(200);
  });

  test('are loaded, adopted, replaced and unloaded while others answer', async () => {
    const going = complete({ n: 50, max_tokens: 200, seed: 1 });
    const next = { name: 'next', path: join(folder, 'next') };
    expect((await post('/v1/load_checkpoint', next)).status).toBe(200);
    expect((await post('/v1/load_checkpoint', next)).status).toBe(200);
    const asked = { model: 'next', temperature: 0, max_tokens: 30 };
    const text = (await complete(asked)).choices[0]!.text;

    expect((await post('/v1/load_checkpoint', { name: 'next', path: join(folder, 'actor') })).status).toBe(200);
    const replaced = (await complete(asked)).choices[0]!.text;
    expect(replaced).not.toBe(text);
    expect(replaced).toBe((await complete({ ...asked, model: 'actor' })).choices[0]!.text);

    expect((await post('/v1/unload_checkpoint', { name: 'next' })).status).toBe(200);
    expect((await post('/v1/unload_checkpoint', { name: 'next' })).status).toBe(404);
    await expect(complete(asked)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect((await going).choices).toHaveLength(50);
  });

  test('that are none are refused with the reason', async () => {
    const bad = join(folder, 'bad');
    const load = () => error('/v1/load_checkpoint', { name: 'bad', path: bad });
    expect((await load()).message).toContain('is not a folder');
    await mkdir(bad);
    expect((await load()).message).toContain('has no config.json');
    await writeFile(join(bad, 'config.json'), '{"model_type": "llama"}');
    expect((await load()).message).toContain('has no weights');
    await writeFile(join(bad, 'model.safetensors'), 'not really');
    expect((await load()).message).toContain('has no tokenizer');
    await writeFile(join(bad, 'tokenizer.json'), '{}');
    expect(await load()).toMatchObject({
      status: 400,
      param: 'path',
      message: expect.stringContaining("can't be loaded"),
    });
  });
});

describe('many at once', () => {
  test('mixed requests to several models all come back as asked', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const asked = { n: 1 + (i % 3), max_tokens: 1 + (i % 50), temperature: i % 4, seed: i };
        const model = ['actor', 'critic', 'neox'][i % 3]!;
        return { asked, answer: await complete({ ...asked, model, prompt: PROMPT.slice(0, 1 + (i % 30)) }) };
      }),
    );
    for (const { asked, answer } of answers) {
      expect(answer.choices).toHaveLength(asked.n);
      expect(answer.usage!.completion_tokens).toBeLessThanOrEqual(asked.n * asked.max_tokens);
      for (const c of answer.choices) expect(c.finish_reason).toMatch(/^(stop|length)$/);
    }
    expect(await metric(engine.url, 'num_requests_running')).toBe(0);
    expect(await metric(engine.url, 'num_requests_waiting')).toBe(0);
  });

  test('a client that goes away frees its slots', async () => {
    const gone = new AbortController();
    const body = { model: 'actor', prompt: PROMPT, n: 2000, max_tokens: 200 };
    const request = fetch(`${engine.url}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: gone.signal,
    }).catch(() => {});
    while ((await metric(engine.url, 'num_requests_running')) === 0) await sleep(20);
    const before = await metric(engine.url, 'generation_tokens_total');
    gone.abort();
    await request;
    while ((await metric(engine.url, 'num_requests_running')) + (await metric(engine.url, 'num_requests_waiting')) > 0)
      await sleep(20);
    expect((await metric(engine.url, 'generation_tokens_total')) - before).toBeLessThan(200_000);
  });
});

describe('the process', () => {
  test('listens on loopback only, and logs JSON lines', () => {
    expect(engine.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    for (const line of engine.stderr().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  test('says why it cannot start', async () => {
    await expect(startEngine(python, ['--model', `x=${join(folder, 'nowhere')}`])).rejects.toThrow('is not a folder');
  });

  test('ends with a parent that was killed', async () => {
    const script = new URL('../../deploy/trainer/serve.py', import.meta.url).pathname;
    const spawnEngine = `
      const { spawn } = require('node:child_process');
      const [python, script] = process.argv.slice(1);
      console.log(spawn(python, [script, '--exit-with-parent'], { stdio: ['pipe', 'inherit', 'ignore'] }).pid);
    `;
    const parent = spawn(process.execPath, ['-e', spawnEngine, python, script]);
    const lines = createInterface(parent.stdout)[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    expect((await lines.next()).value).toContain('ready');
    const alive = () => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    expect(alive()).toBe(true);
    parent.kill('SIGKILL');
    while (alive()) await sleep(50);
  });
});
