import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../src/backends/failures.ts';
import { EndpointEngine } from '../../../src/backends/inference/endpoint.ts';
import type { ServedModel } from '../../../src/backends/inference/engine.ts';
import { createEngines } from '../../../src/backends/inference/engines.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { Actor, Critic, type CriticConfig } from '../../../src/config/models.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { completion, reply, startHttp } from '../../support/http.ts';

const store = new FolderStore('/store');
const signal = new AbortController().signal;
setMaxListeners(0, signal);
const CHECKPOINT = { name: 'run-1-8f3a', uri: 'runs/run/1/actor/checkpoint', sha256: '8f3a' };

const critic = (origin: string, endpoint: object = {}): ServedModel => ({
  config: Critic.parse({ model: 'critic-8b', endpoint: { baseUrl: `${origin}/v1`, ...endpoint } }) as CriticConfig,
  checkpoint: null,
});
const actor = (origin: string): ServedModel => ({
  config: Actor.parse({ base: 'models/actor', endpoint: { baseUrl: `${origin}/v1` } }),
  checkpoint: CHECKPOINT,
});
const serving = (...models: { id: string; root?: string }[]) =>
  startHttp((request, response) =>
    reply(response, request.path === '/v1/models' ? { object: 'list', data: models } : completion(request)),
  );
const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('succeeded'),
    (error) => error,
  );

describe('an endpoint', () => {
  test('that lists the model serves it, with the key of the worker', async () => {
    const server = await serving({ id: 'other' }, { id: 'critic-8b' });
    // A secret out of a file has a newline, which no header may have.
    const engine = new EndpointEngine(store, { CRITIC_KEY: 'sk-1\n' });
    const { client, name } = await engine.serve(critic(server.origin, { apiKeyEnv: 'CRITIC_KEY' }), signal);
    expect(name).toBe('critic-8b');
    await client.generate({ model: name, prompt: 'x', n: 1, seed: 1, temperature: 0, maxTokens: 5, stop: [] }, signal);
    const asked = server.received.map(({ path, headers }) => [path, headers.authorization]);
    expect(asked.filter(([path]) => path === '/metrics')).toEqual([['/metrics', undefined]]);
    expect(asked.filter(([path]) => path !== '/metrics')).toEqual([
      ['/v1/models', 'Bearer sk-1'],
      ['/v1/completions', 'Bearer sk-1'],
    ]);
  });

  test('has one client and one limit for all who ask it', async () => {
    const server = await serving({ id: 'critic-8b' });
    const engine = new EndpointEngine(store, {});
    const model = critic(server.origin, { maxInFlight: 7 });
    const [one, other] = [await engine.serve(model, signal), await engine.serve(structuredClone(model), signal)];
    expect(one.client).toBe(other.client);
    expect(one.client.limiter.limit).toBe(7);
    expect((await engine.serve(critic(server.origin, { maxInFlight: 8 }), signal)).client).not.toBe(one.client);
  });

  test('that serves other models is ModelNotFound, and says which', async () => {
    const server = await serving({ id: 'llama' }, { id: 'qwen' });
    const failure = await failureOf(new EndpointEngine(store, {}).serve(critic(server.origin), signal));
    expect(failure).toMatchObject({ type: 'ModelNotFound', retryable: false });
    expect(failure.message).toBe(`${server.origin}/v1 serves llama, qwen, not "critic-8b"`);
  });

  test('of a provider with hundreds of models names a few', async () => {
    const server = await serving(...Array.from({ length: 400 }, (_, i) => ({ id: `model-${i}` })));
    const failure = await failureOf(new EndpointEngine(store, {}).serve(critic(server.origin), signal));
    expect(failure.message).toContain('model-9 and 390 more');
    expect(failure.message).not.toContain('model-10,');
  });

  test.each([
    ['its name', { id: 'run-1-8f3a' }],
    ['its path', { id: '/store/runs/run/1/actor/checkpoint' }],
    ['another name with its path as root', { id: 'actor', root: '/store/runs/run/1/actor/checkpoint' }],
    ['its path with a slash at the end', { id: '/store/runs/run/1/actor/checkpoint/' }],
  ])('serves a checkpoint by %s', async (_, model) => {
    const server = await serving({ id: 'base' }, model);
    expect((await new EndpointEngine(store, {}).serve(actor(server.origin), signal)).name).toBe(model.id);
  });

  test('that has yet to serve a model in the store is waited for, too', async () => {
    const server = await serving({ id: 'base' });
    const own = new FolderStore(await temporaryFolder());
    const key = 'runs/tune/fine-tune/checkpoint';
    await own.write(`${key}/config.json`, ['{}']);
    const engine = new EndpointEngine(own, {});
    const { config } = critic(server.origin);
    for (const model of [key, own.path(key)]) {
      const ours = { config: { ...config, model }, checkpoint: null };
      expect(await failureOf(engine.serve(ours, signal))).toMatchObject({
        type: 'CheckpointNotServed',
        message: `${server.origin}/v1 serves base; waiting for it to serve ${own.path(key)}`,
      });
    }
  });

  test('that has yet to serve a checkpoint is waited for, and says what for', async () => {
    const models = [{ id: 'base', root: '/models/base' }];
    const server = await serving(...models);
    const engine = new EndpointEngine(store, {});
    const failure = await failureOf(engine.serve(actor(server.origin), signal));
    expect(failure).toMatchObject({ type: 'CheckpointNotServed', retryable: true, retryAfter: 15_000 });
    expect(failure.message).toContain('serves base; waiting for it to serve /store/runs/run/1/actor/checkpoint');
    expect(failure.message).toContain('"run-1-8f3a"');
  });

  test('begins to serve a checkpoint that it was waited for', async () => {
    const models = [{ id: 'base' }];
    const server = await startHttp((_, response) => reply(response, { data: models }));
    const engine = new EndpointEngine(store, {});
    await failureOf(engine.serve(actor(server.origin), signal));
    models.push({ id: 'run-1-8f3a' });
    expect((await engine.serve(actor(server.origin), signal)).name).toBe('run-1-8f3a');
  });
});

describe('an endpoint that does not list its models', () => {
  test.each([
    [401, 'Unauthorized'],
    [404, 'ModelNotFound'],
    [429, 'EngineUnavailable'],
    [500, 'EngineUnavailable'],
    [503, 'EngineUnavailable'],
  ])('with %i is %s', async (status, type) => {
    const server = await startHttp((_, response) => reply(response, { error: { message: 'no' } }, status));
    const failure = await failureOf(new EndpointEngine(store, {}).serve(critic(server.origin), signal));
    expect(failure.type).toBe(type);
    expect(failure.message).toBe(`${server.origin}/v1 does not list its models: ${status} no`);
  });

  test('for it is not there is EngineUnavailable', async () => {
    const failure = await failureOf(new EndpointEngine(store, {}).serve(critic('http://127.0.0.1:2'), signal));
    expect(failure).toMatchObject({ type: 'EngineUnavailable', retryable: true });
    expect(failure.message).toContain('ECONNREFUSED');
  });

  test('for it sends something else is EngineUnavailable', async () => {
    for (const body of [null, { models: [] }, { data: 'no list' }]) {
      const server = await startHttp((_, response) => reply(response, body));
      const failure = await failureOf(new EndpointEngine(store, {}).serve(critic(server.origin), signal));
      expect(failure).toMatchObject({
        type: 'EngineUnavailable',
        message: expect.stringContaining('no list of models'),
      });
    }
    const page = await startHttp((_, response) => reply(response, '<html>Log in</html>'));
    const failure = await failureOf(new EndpointEngine(store, {}).serve(critic(page.origin), signal));
    expect(failure.message).toContain('does not list its models: the answer is not JSON: <html>Log in</html>');
  });

  test('in time is given up when the signal says so', async () => {
    const server = await startHttp(() => {});
    const abort = new AbortController();
    const working = failureOf(new EndpointEngine(store, {}).serve(critic(server.origin), abort.signal));
    setTimeout(() => abort.abort(new Error('stopped by the user')), 50);
    expect((await working).message).toBe('stopped by the user');
  });
});

describe('a key', () => {
  test.each([
    ['that is missing', {}],
    ['that is empty', { CRITIC_KEY: ' ' }],
    ['with characters that no header may have', { CRITIC_KEY: 'sk-secret\nsk-other' }],
  ])('%s is Unauthorized, names the variable and not its value, and asks nobody', async (_, env) => {
    const server = await serving({ id: 'critic-8b' });
    const engine = new EndpointEngine(store, env);
    const failure = await failureOf(engine.serve(critic(server.origin, { apiKeyEnv: 'CRITIC_KEY' }), signal));
    expect(failure).toMatchObject({ type: 'Unauthorized', retryable: false });
    expect(failure.message).toContain('CRITIC_KEY');
    expect(failure.message).not.toContain('sk-');
    expect(server.received).toEqual([]);
  });

  test('of another variable is not sent', async () => {
    const server = await serving({ id: 'critic-8b' });
    await new EndpointEngine(store, { OPENAI_API_KEY: 'sk-openai' }).serve(critic(server.origin), signal);
    expect(JSON.stringify(server.received[0]!.headers)).not.toContain('sk-openai');
  });
});

test('a model goes to its endpoint where it names one, else to the engine of the worker', async () => {
  const server = await serving({ id: 'critic-8b' });
  const python = () => Promise.reject(new Error('asked for the interpreter'));
  const engines = createEngines({ store, env: {}, python });
  expect((await engines.serve(critic(server.origin), signal)).name).toBe('critic-8b');
  const own: ServedModel = { config: Critic.parse({ model: 'models/critic' }), checkpoint: null };
  await expect(engines.serve(own, signal)).rejects.toThrow('asked for the interpreter');
  await engines.close();
});
