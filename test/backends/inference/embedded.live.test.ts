import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { GenerationRequest } from '../../../src/backends/inference/client.ts';
import { EmbeddedEngine } from '../../../src/backends/inference/embedded.ts';
import type { ServedModel } from '../../../src/backends/inference/engine.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { Actor, Critic } from '../../../src/config/models.ts';
import { randomCheckpoint } from '../../support/engine.ts';

const signal = new AbortController().signal;
let folder: string;
let engine: EmbeddedEngine;
let actor: ServedModel;
let critic: ServedModel;
let interpreters = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-embedded-'));
  const python = inject('python');
  await Promise.all([
    randomCheckpoint(python, join(folder, 'runs/1/checkpoint'), { seed: 1, context: 1024 }),
    randomCheckpoint(python, join(folder, 'critic'), { seed: 2 }),
  ]);
  engine = new EmbeddedEngine({
    store: new FolderStore(folder),
    python: async () => {
      interpreters++;
      return python;
    },
    threads: 1,
  });
  const checkpoint = { name: 'run-1-abc', uri: 'runs/1/checkpoint', sha256: 'abc' };
  actor = { config: Actor.parse({ base: 'models/actor' }), checkpoint };
  critic = { config: Critic.parse({ model: join(folder, 'critic') }), checkpoint: null };
});

afterAll(async () => {
  await engine?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Engines that this process has started and that live. */
function enginePids(): number[] {
  const children = execFileSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return children
    .split('\n')
    .filter((line) => line.includes('serve.py') && !/^\s*\d+\s+Z/.test(line))
    .map((line) => Number.parseInt(line, 10));
}

async function ask(model: ServedModel, rest: Partial<GenerationRequest> = {}) {
  const { client, name } = await engine.serve(model, signal);
  const request = { model: name, prompt: 'Ann has 12 pears.', n: 2, seed: 3, temperature: 1, maxTokens: 20, stop: [] };
  return await client.generate({ ...request, ...rest }, signal);
}

test('starts once for all who ask at once, and serves each its own checkpoint', async () => {
  const served = await Promise.all([actor, critic, actor, critic, actor].map((model) => engine.serve(model, signal)));
  expect(enginePids()).toHaveLength(1);
  expect(interpreters).toBe(1);
  expect(new Set(served.map(({ client }) => client)).size).toBe(1);
  expect(served.map(({ name }) => name).slice(0, 2)).toEqual(['run-1-abc', join(folder, 'critic')]);
  const models = await served[0]!.client.models(signal);
  expect(models.map(({ id, root }) => [id, root]).sort()).toEqual([
    [join(folder, 'critic'), join(folder, 'critic')],
    ['run-1-abc', join(folder, 'runs/1/checkpoint')],
  ]);
  const [one, other] = [await ask(actor), await ask(critic)];
  expect(one.texts).toHaveLength(2);
  expect(other.texts).not.toEqual(one.texts);
  expect(await ask(actor)).toEqual(one);
});

test('a folder that is no checkpoint is ModelNotFound with the reason, and harms nobody else', async () => {
  const bad = { ...critic, config: Critic.parse({ model: join(folder, 'nothing') }) } as ServedModel;
  const results = await Promise.allSettled([engine.serve(bad, signal), engine.serve(actor, signal)]);
  expect(results[0]).toMatchObject({
    reason: { type: 'ModelNotFound', retryable: false, message: expect.stringContaining(join(folder, 'nothing')) },
  });
  expect(results[1]!.status).toBe('fulfilled');
});

test('a prompt beyond the context is an outcome of its row', async () => {
  const { texts } = await ask(critic, { maxTokens: 10_000 });
  expect(texts[0]).toMatchObject({ finishReason: 'context_exceeded', text: '' });
});

test('an abort ends a generation', async () => {
  const { client, name } = await engine.serve(actor, signal);
  const abort = new AbortController();
  const request = { model: name, prompt: 'Ann', n: 64, seed: 1, temperature: 1, maxTokens: 1000, stop: [] };
  const working = client.generate(request, abort.signal).catch((error) => error);
  setTimeout(() => abort.abort(new Error('stopped by the user')), 50);
  expect((await working).message).toBe('stopped by the user');
  await vi.waitFor(async () => expect((await ask(actor)).texts).toHaveLength(2));
});

test('killed in the middle of a generation, it is started again with the checkpoints that are asked for', async () => {
  const before = await ask(actor);
  const [pid] = enginePids();
  const began = performance.now();
  const working = ask(actor, { n: 200, maxTokens: 900 }).catch((error) => error);
  await vi.waitFor(async () => expect((await engine.serve(actor, signal)).client.limiter.inFlight).toBeGreaterThan(0));
  process.kill(pid!, 'SIGKILL');
  // At once, even in the moment in which nobody has noticed yet.
  const next = ask(actor).catch((error) => error);
  expect(await working).toMatchObject({ type: 'EngineUnavailable', retryable: true });
  expect(performance.now() - began).toBeLessThan(10_000);

  const early = await next;
  if (early instanceof Error) expect(early).toMatchObject({ type: 'EngineUnavailable', retryable: true });
  else expect(early).toEqual(before);

  const again = await Promise.all([ask(actor), ask(critic), ask(actor)]);
  expect(again[0]).toEqual(before);
  expect(again[2]).toEqual(before);
  expect(again[1]!.texts).toHaveLength(2);
  expect(enginePids()).toHaveLength(1);
  expect(enginePids()).not.toEqual([pid]);
});

test('closing leaves no process, and is done once', async () => {
  const [pid] = enginePids();
  const began = performance.now();
  await Promise.all([engine.close(), engine.close()]);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(() => process.kill(pid!, 0)).toThrow('ESRCH');
  expect(enginePids()).toEqual([]);
  await expect(engine.serve(actor, signal)).rejects.toMatchObject({ type: 'EngineUnavailable' });
  expect(enginePids()).toEqual([]);
});
