import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FakeVllm, isRunning, supervisorOf } from '../../../support/fake-vllm.ts';

const digits = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 8);

test('starts vLLM when it is first asked, and reloads weights of the same architecture in place', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  const critic = await vllm.model('critic');
  expect(vllm.events).toEqual([]);
  expect(await vllm.ask(actor)).toContain(digits('actor'));
  expect(await vllm.ask(critic)).toContain(digits('critic'));
  expect(await vllm.ask(actor)).toContain(digits('actor'));
  expect(vllm.story).toEqual(['start actor', 'reload critic', 'reload actor']);
});

test('answers requests of two models that come at once, with one change between them', async () => {
  const vllm = await FakeVllm.start();
  const [actor, critic] = [await vllm.model('actor'), await vllm.model('critic')];
  await vllm.faults({ answerMs: 20 });
  const asked = Array.from({ length: 40 }, (_, i) => ({ name: i % 2 ? 'critic' : 'actor', prompt: `question ${i}` }));
  const texts = await Promise.all(asked.map(({ name, prompt }) => vllm.ask(name === 'actor' ? actor : critic, prompt)));
  expect(texts.map((text) => text.slice(0, 8))).toEqual(asked.map(({ name }) => digits(name)));
  expect(vllm.story.map((event) => event.split(' ')[0])).toEqual(['start', 'reload']);
});

test('puts another architecture to sleep, and wakes it when it is asked again', async () => {
  const vllm = await FakeVllm.start();
  const [actor, large] = [await vllm.model('actor'), await vllm.model('large', { hidden_size: 128 })];
  for (const [model, name] of [
    [actor, 'actor'],
    [large, 'large'],
    [actor, 'actor'],
  ] as const)
    expect(await vllm.ask(model)).toContain(digits(name));
  expect(vllm.story).toEqual(['start actor', 'sleep', 'start large', 'sleep', 'wake']);
});

test('ends what does not sleep', async () => {
  const vllm = await FakeVllm.start();
  const [actor, large] = [await vllm.model('actor'), await vllm.model('large', { hidden_size: 128 })];
  await vllm.faults({ sleep: 'refused' });
  await vllm.ask(actor);
  await vllm.ask(large);
  expect(vllm.story).toEqual(['start actor', 'terminated', 'start large']);
  expect(vllm.log).toContainEqual(expect.stringContaining('vLLM does not sleep and is ended'));
});

test('ends what may not sleep', async () => {
  const vllm = await FakeVllm.start({ args: ['--no-enable-sleep-mode'] });
  const [actor, large] = [await vllm.model('actor'), await vllm.model('large', { hidden_size: 128 })];
  await vllm.ask(actor);
  await vllm.ask(large);
  expect(vllm.story).toEqual(['start actor', 'terminated', 'start large']);
});

test('loads an adapter beside its base', async () => {
  const vllm = await FakeVllm.start();
  await vllm.model('base');
  const [first, second] = [await vllm.adapter('first', 'base'), await vllm.adapter('second', 'base')];
  const texts = [await vllm.ask(first), await vllm.ask(second), await vllm.ask(first)];
  expect(texts.map((text) => text.split(':')[0])).toEqual(
    ['first', 'second', 'first'].map((name) => `${digits('base')} ${digits(name)}`),
  );
  expect(vllm.story).toEqual(['start base', 'adapter first', 'adapter second']);
});

test.each(['nothing', 'error'] as const)(
  'starts again where a reload changes nothing or fails (%s)',
  async (reload) => {
    const vllm = await FakeVllm.start();
    const [actor, critic] = [await vllm.model('actor'), await vllm.model('critic')];
    await vllm.faults({ reload });
    await vllm.ask(actor);
    expect(await vllm.ask(critic)).toContain(digits('critic'));
    expect(vllm.story.filter((event) => event.startsWith('start'))).toEqual(['start actor', 'start critic']);
    expect(vllm.log).toContainEqual(expect.stringContaining('vLLM is started again to load'));
  },
);

test('starts again after a crash, and what was asked meanwhile waits and is answered once', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.faults({ crashAt: 10, answerMs: 20 });
  await vllm.ask(actor, 'the first');
  await vllm.faults({ answerMs: 20 });
  const texts = await Promise.all(Array.from({ length: 20 }, (_, i) => vllm.ask(actor, `question ${i}`)));
  expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `${digits('actor')} : question ${i}`));
  expect(vllm.story).toEqual(['start actor', 'start actor']);
});

test('starts again after a kill of the engine core', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.ask(actor);
  const core = vllm.events.find(({ event }) => event === 'engine core')!.core!;
  process.kill(core, 'SIGKILL');
  // It takes a moment to see that.
  while (vllm.story.length === 1) expect(await vllm.ask(actor)).toContain(digits('actor'));
  expect(vllm.story).toEqual(['start actor', 'start actor']);
});

test('starts again where the engine core was killed and the API server hangs (killed on a GPU, it stayed so)', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.faults({ hangs: true, answerMs: 1_000 });
  await vllm.ask(actor);
  await vllm.faults({});
  const asked = vllm.ask(actor, 'in the middle');
  await sleep(300);
  process.kill(vllm.events.find(({ event }) => event === 'engine core')!.core!, 'SIGKILL');
  expect(await asked).toBe(`${digits('actor')} : in the middle`);
  expect(vllm.story).toEqual(['start actor', 'terminated', 'start actor']);
});

test('leaves no process behind after a kill of the API server', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.ask(actor);
  const { pid, core } = vllm.events.find(({ event }) => event === 'engine core')!;
  process.kill(pid, 'SIGKILL');
  while ((await isRunning(pid)) || (await isRunning(core!))) await sleep(20);
  expect(await vllm.ask(actor)).toContain(digits('actor'));
});

test('leaves no process behind after a kill of the supervisor, and goes on with another', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.ask(actor);
  const { pid, core } = vllm.events.find(({ event }) => event === 'engine core')!;
  process.kill(await supervisorOf(pid), 'SIGKILL');
  while ((await isRunning(pid)) || (await isRunning(core!))) await sleep(20);
  expect(await vllm.ask(actor)).toContain(digits('actor'));
});

test('leaves no process behind when it is closed', async () => {
  const vllm = await FakeVllm.start();
  await vllm.ask(await vllm.model('actor'));
  const { pid, core } = vllm.events.find(({ event }) => event === 'engine core')!;
  await vllm.engine.close();
  expect([await isRunning(pid), await isRunning(core!)]).toEqual([false, false]);
  expect(vllm.story).toEqual(['start actor', 'terminated']);
  expect(readdirSync(join(vllm.folder, 'cache', 'gpus-0'))).toEqual([]);
});

test('gives up after three starts that fail, with the reason in the log', async () => {
  const vllm = await FakeVllm.start();
  await vllm.faults({ start: 'memory' });
  await expect(vllm.ask(await vllm.model('actor'))).rejects.toMatchObject({
    type: 'EngineUnavailable',
    message: expect.stringMatching(/another process uses the GPU: Free memory on device cuda:0 \(3.1\/139.8 GiB\)/),
  });
  expect(vllm.story).toEqual(['start actor', 'start actor', 'start actor']);
  await vllm.faults({});
  expect(await vllm.ask(await vllm.model('actor'))).toContain(digits('actor'));
});

test('frees the memory of what sleeps where a start fails', async () => {
  const vllm = await FakeVllm.start();
  const [actor, large] = [await vllm.model('actor'), await vllm.model('large', { hidden_size: 128 })];
  await vllm.ask(actor);
  await vllm.faults({ start: 'memory' });
  await expect(vllm.ask(large)).rejects.toThrow('another process uses the GPU');
  expect(vllm.story).toEqual(['start actor', 'sleep', 'start large', 'terminated', 'start large', 'start large']);
});

test('gives up where it ends again and again before anybody is answered', async () => {
  const vllm = await FakeVllm.start();
  await vllm.faults({ crashAt: 1 });
  await expect(vllm.ask(await vllm.model('actor'))).rejects.toMatchObject({
    type: 'EngineUnavailable',
    message: expect.stringContaining('3 times before it answered anybody'),
  });
});

test('refused arguments and a program that is not there are said at once', async () => {
  const refused = await FakeVllm.start({ args: ['--max-model-length', '99'] });
  await expect(refused.ask(await refused.model('actor'))).rejects.toMatchObject({
    type: 'EngineFailing',
    message: expect.stringContaining('it refuses CRITIQUE_LOOP_VLLM_ARGS: unrecognized arguments: --max-model-length'),
  });
  const absent = await FakeVllm.start({ command: ['/no/such/vllm'] });
  await expect(absent.ask(await absent.model('actor'))).rejects.toThrow('No such file or directory: /no/such/vllm');
});

test('a folder that is no model is ModelNotFound, and nothing is started', async () => {
  const vllm = await FakeVllm.start();
  const model = { config: { model: join(vllm.folder, 'absent') }, checkpoint: null };
  await expect(vllm.ask(model)).rejects.toMatchObject({ type: 'ModelNotFound' });
  expect(vllm.events).toEqual([]);
});

test('says what is waited for', async () => {
  const vllm = await FakeVllm.start();
  await vllm.faults({ startMs: 500, answerMs: 300 });
  const { signal } = new AbortController();
  const [actor, critic] = [await vllm.model('actor'), await vllm.model('critic')];
  const [{ client }, { client: other }] = [
    await vllm.engine.serve(actor, signal),
    await vllm.engine.serve(critic, signal),
  ];
  const said = new Set<string | null>();
  const watch = setInterval(() => [client, other].map(({ waitingFor }) => said.add(waitingFor)), 5);
  await Promise.all([vllm.ask(actor), vllm.ask(critic)]).finally(() => clearInterval(watch));
  const all = [...said].join('\n');
  expect(all).toMatch(/^vLLM to start \(\d+ s\)/m);
  expect(all).toMatch(/^its turn on the GPU: .*(actor|critic) is answering$/m);
  expect(all).toMatch(/^vLLM to load .*(actor|critic)$/m);
  expect([client.waitingFor, other.waitingFor]).toContain(null);
});

test('a wait for the start ends with its signal, and the start goes on for others', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.faults({ startMs: 400 });
  const abort = new AbortController();
  const asked = vllm.ask(actor, 'Hello', { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('stopped')), 100);
  await expect(asked).rejects.toThrow('stopped');
  expect(await vllm.ask(actor)).toContain(digits('actor'));
  expect(vllm.story).toEqual(['start actor']);
});

test('starts with the configured model before anybody asks', async () => {
  const folder = await FakeVllm.start();
  const model = await folder.model('actor');
  const vllm = await FakeVllm.start({ model: model.config.model });
  while (!vllm.log.some((line) => line.startsWith('vLLM has started'))) await sleep(20);
  expect(await vllm.ask(model)).toContain(digits('actor'));
  expect(vllm.story).toEqual(['start actor']);
});

test('sends no seed with a greedy request', async () => {
  const vllm = await FakeVllm.start();
  const actor = await vllm.model('actor');
  await vllm.ask(actor, 'greedy');
  await vllm.ask(actor, 'drawn', { temperature: 0.7 });
  const seeds = vllm.events.filter(({ event }) => event === 'answer').map(({ prompt, seed }) => [prompt, seed]);
  expect(seeds).toEqual([
    ['greedy', null],
    ['drawn', 7],
  ]);
});
