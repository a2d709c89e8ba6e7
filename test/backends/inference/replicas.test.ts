import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { questions } from '../../../src/backends/datasets/arithmetic/index.ts';
import type { Failure } from '../../../src/backends/failures.ts';
import { InferenceClient } from '../../../src/backends/inference/client.ts';
import { EndpointEngine } from '../../../src/backends/inference/endpoint.ts';
import type { ModelClient, ServedModel } from '../../../src/backends/inference/engine.ts';
import { Limiter } from '../../../src/backends/inference/limiter.ts';
import { Replica } from '../../../src/backends/inference/replica.ts';
import { Replicas } from '../../../src/backends/inference/replicas.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import { Actor, Critic, type CriticConfig } from '../../../src/config/models.ts';
import { FakeOpenAi } from '../../support/fake-openai.ts';
import { completion, type Received, reply, startHttp } from '../../support/http.ts';

const POOL = [...questions({ seed: 1, split: 'train', count: 60 })];
const everything = () => true;
const never = new AbortController().signal;
setMaxListeners(0, never);

/** Servers that serve these models, each. */
async function servers(...served: string[][]): Promise<FakeOpenAi[]> {
  return await Promise.all(
    served.map(async (models) => {
      const fake = await FakeOpenAi.start({ questions: POOL, models });
      onTestFinished(() => fake.close());
      return fake;
    }),
  );
}

const critic = (urls: string[], maxInFlight = 4): ServedModel => ({
  config: Critic.parse({ model: 'critic', endpoint: { baseUrl: urls, maxInFlight } }) as CriticConfig,
  checkpoint: null,
});

/** What asks for the critic at all of them. */
async function clientOf(urls: string[], maxInFlight?: number): Promise<ModelClient> {
  const engine = new EndpointEngine(new FolderStore('/store'), {});
  return (await engine.serve(critic(urls, maxInFlight), never)).client;
}

/** Asks so many questions at once, and gives the answers in that order. */
const ask = (client: ModelClient, count: number, { n = 1, signal = never, model = 'critic' } = {}) =>
  POOL.slice(0, count).map(async ({ question }, seed) => {
    const prompt = `Question: ${question}`;
    const { texts } = await client.generate(
      { model, prompt, n, seed, temperature: 0.7, maxTokens: 64, stop: [] },
      signal,
    );
    return texts[0]!.text;
  });

/** The answers of one server. */
async function alone(count: number): Promise<string[]> {
  const [fake] = await servers(['critic']);
  return await Promise.all(ask(await clientOf([fake!.url]), count));
}

const answered = (fake: FakeOpenAi) => fake.requests.filter(({ state }) => state === 'answered');
const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('succeeded'),
    (error) => error,
  );

describe('requests', () => {
  test('go to the replica with the most room, and wait where none has any', async () => {
    const fakes = await servers(['critic'], ['critic'], ['critic']);
    const holds = fakes.map((fake) => fake.hold(everything));
    const client = await clientOf(fakes.map(({ url }) => url));
    const answers = ask(client, 14);
    await Promise.all(holds.map((hold) => hold.reached(4)));
    expect(fakes.map(({ inFlight }) => inFlight)).toEqual([4, 4, 4]);
    expect(client.limiter).toMatchObject({ limit: 12, waiting: 2 });
    for (const hold of holds) hold.release();
    expect(await Promise.all(answers)).toEqual(await alone(14));
    expect(client.limiter.waiting).toBe(0);
    expect(client.waitingFor).toBeNull();
  });

  test('do not wait for the slow one', async () => {
    const [slow, ...quick] = await servers(['critic'], ['critic'], ['critic']);
    const hold = slow!.hold(everything);
    const answers = ask(await clientOf([slow!.url, ...quick.map(({ url }) => url)]), 60);
    await hold.reached(4);
    await vi.waitFor(() => expect(quick.flatMap(answered)).toHaveLength(56), 10_000);
    expect(slow!.requests).toHaveLength(4);
    hold.release();
    await Promise.all(answers);
    expect(slow!.requests).toHaveLength(4);
  });

  test('of several generations take their room, and are not overtaken', async () => {
    const fakes = await servers(['critic'], ['critic']);
    const holds = fakes.map((fake) => fake.hold(everything));
    const client = await clientOf(fakes.map(({ url }) => url));
    const answers = [...ask(client, 2, { n: 3 }), ...ask(client, 1, { n: 2 }), ...ask(client, 1)];
    await Promise.all(holds.map((hold) => hold.reached(1)));
    expect(client.limiter.waiting).toBe(2);
    for (const hold of holds) hold.release();
    await Promise.all(answers);
    expect(fakes.flatMap(({ requests }) => requests.map(({ n }) => n)).sort()).toEqual([1, 2, 3, 3]);
  });

  test('that are given up while they wait leave their place to others', async () => {
    const fakes = await servers(['critic'], ['critic']);
    const holds = fakes.map((fake) => fake.hold(everything));
    const client = await clientOf(fakes.map(({ url }) => url));
    const abort = new AbortController();
    const first = ask(client, 8);
    const given = ask(client, 3, { signal: abort.signal }).map(failureOf);
    const last = ask(client, 1);
    expect(client.limiter.waiting).toBe(4);
    abort.abort(new Error('stopped by the user'));
    expect((await Promise.all(given)).map(({ message }) => message)).toEqual(Array(3).fill('stopped by the user'));
    expect(client.limiter.waiting).toBe(1);
    for (const hold of holds) hold.release();
    await Promise.all([...first, ...last]);
  });

  test('do not wait for one that has asked everybody to', async () => {
    const [busy, one] = await servers(['critic'], ['critic']);
    busy!.fault = () => ({ status: 429, retryAfter: '50' });
    const client = await clientOf([busy!.url, one!.url]);
    expect(await Promise.all(ask(client, 20))).toEqual(await alone(20));
    expect(busy!.requests).toHaveLength(4);
    expect(answered(one!)).toHaveLength(20);
  });

  test('that a replica refuses for the whole run fail it', async () => {
    const [one, other] = await servers(['critic'], ['critic']);
    one!.fault = () => ({ status: 401 });
    const failures = (await Promise.allSettled(ask(await clientOf([one!.url, other!.url]), 4))).flatMap((settled) =>
      settled.status === 'rejected' ? [settled.reason] : [],
    );
    expect(failures).toHaveLength(2);
    expect(failures[0]).toMatchObject({ type: 'Unauthorized', message: expect.stringContaining(one!.url) });
  });
});

describe('a replica that is killed', () => {
  test('loses its requests to the others at once, and none fails', async () => {
    const [killed, one, other] = await servers(['critic'], ['critic'], ['critic']);
    const url = killed!.url;
    const client = await clientOf([url, one!.url, other!.url]);
    killed!.fault = () => ({ hang: true });
    const answers = ask(client, 60);
    await vi.waitFor(() => expect(killed!.inFlight).toBe(4), 10_000);
    await killed!.close();
    expect(await Promise.all(answers)).toEqual(await alone(60));
    expect(answered(killed!)).toEqual([]);
    const keys = [one!, other!].flatMap(answered).map(({ key }) => key);
    expect([keys.length, new Set(keys).size]).toEqual([60, 60]);
    expect(client.waitingFor).toContain(`${url}: no connection: connect ECONNREFUSED`);
    expect(client.waitingFor).not.toContain(one!.url);
    expect(client.limiter.limit).toBe(8);
  });

  test('is asked again when it is back', async () => {
    const [killed, other] = await servers(['critic'], ['critic']);
    const url = killed!.url;
    const client = await clientOf([url, other!.url]);
    await killed!.close();
    await Promise.all(ask(client, 8));
    expect(client.limiter.limit).toBe(4);

    const hold = other!.hold(everything);
    const answers = ask(client, 20);
    await hold.reached(4);
    const back = await FakeOpenAi.start({ questions: POOL, models: ['critic'] }, Number(new URL(url).port));
    onTestFinished(() => back.close());
    await vi.waitFor(() => expect(answered(back)).toHaveLength(16), 10_000);
    expect(client.waitingFor).toBeNull();
    hold.release();
    await Promise.all(answers);
  });

  test('as the last of them is waited for', async () => {
    const fakes = await servers(['critic'], ['critic']);
    const urls = fakes.map(({ url }) => url);
    const client = await clientOf(urls);
    for (const fake of fakes) await fake.close();
    const answers = ask(client, 12);
    await vi.waitFor(() => {
      for (const url of urls) expect(client.waitingFor).toContain(`${url}: no connection`);
    }, 10_000);
    const port = Number(new URL(urls[1]!).port);
    const back = await FakeOpenAi.start({ questions: POOL, models: ['critic'] }, port);
    onTestFinished(() => back.close());
    expect(await Promise.all(answers)).toEqual(await alone(12));
    expect(answered(back)).toHaveLength(12);
  });
});

/** A server of the critic whose other answers are these, and whose list is for `lists` to answer, where it does. */
async function replica(
  answer: (request: Received, response: ServerResponse) => void,
  lists: (response: ServerResponse) => unknown = (response) => reply(response, { data: [{ id: 'critic' }] }),
) {
  const server = await startHttp((request, response) => {
    if (request.path === '/v1/models') lists(response);
    else if (request.method === 'GET') reply(response, {}, 404);
    else answer(request, response);
  });
  const url = `${server.origin}/v1`;
  const asked = () => server.received.filter(({ method }) => method === 'POST');
  const listed = () => server.received.filter(({ path }) => path === '/v1/models').length;
  return {
    url,
    asked,
    listed,
    replica: new Replica(new InferenceClient({ baseUrl: url, limiter: new Limiter({ most: 4 }) })),
  };
}

/** The same as `clientOf`, with replicas that are looked at often. */
async function watching(...all: Replica[]): Promise<ModelClient> {
  for (const one of all) await one.list(never);
  return new Replicas(all, { everyMs: 50, deadlineMs: 100 }).clientFor((models) => models[0]?.id);
}

test('a request that every replica fails is left to the retries of its activity', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => replica((_, response) => reply(response, 'away', 502))));
  const client = await watching(one!.replica, other!.replica);
  expect(await failureOf(Promise.all(ask(client, 1)))).toMatchObject({ type: 'EngineUnavailable', retryable: true });
  expect(one!.asked().length + other!.asked().length).toBeGreaterThan(10);
});

test('a replica that lists nothing for it is busy keeps what it has', async () => {
  let isBusy = false;
  const waiting: (() => void)[] = [];
  const busy = await replica(
    (request, response) => void waiting.push(() => reply(response, completion(request))),
    (response) => (isBusy ? reply(response, 'too many', 429) : reply(response, { data: [{ id: 'critic' }] })),
  );
  const well = await replica((request, response) => void waiting.push(() => reply(response, completion(request))));
  const client = await watching(busy.replica, well.replica);
  const answers = ask(client, 8);
  await vi.waitFor(() => expect(waiting).toHaveLength(8), 10_000);
  isBusy = true;
  await vi.waitFor(() => expect(busy.listed()).toBeGreaterThan(8), 10_000);
  for (const answer of waiting) answer();
  await Promise.all(answers);
  expect([busy.asked().length, well.asked().length]).toEqual([4, 4]);
});

test('a replica that answers nothing any more loses what it has to the others', async () => {
  let hangs = false;
  const hung = await replica(
    () => {},
    (response) => hangs || reply(response, { data: [{ id: 'critic' }] }),
  );
  const well = await replica((request, response) => reply(response, completion(request)));
  const client = await watching(hung.replica, well.replica);
  const answers = ask(client, 20);
  await vi.waitFor(() => expect(hung.asked()).toHaveLength(4), 10_000);
  hangs = true;
  await Promise.all(answers);
  expect(well.asked()).toHaveLength(20);
  expect(client.waitingFor).toContain(`${hung.url}: no answer`);
});

describe('a replica that does not serve the model', () => {
  test('is not asked, is named, and is asked once it does', async () => {
    const models = ['other'];
    const [late, one] = await servers(models, ['critic']);
    const client = await clientOf([late!.url, one!.url]);
    expect(client.waitingFor).toBe(`${late!.url} does not serve the model`);
    const hold = one!.hold(everything);
    const answers = ask(client, 10);
    await hold.reached(4);
    expect(late!.requests).toEqual([]);
    models.push('critic');
    await vi.waitFor(() => expect(answered(late!)).toHaveLength(6), 10_000);
    hold.release();
    await Promise.all(answers);
    expect(client.waitingFor).toBeNull();
  });

  test('any more is left to the others', async () => {
    const [one, other] = await servers(['critic'], ['critic']);
    const client = await clientOf([one!.url, other!.url]);
    one!.fault = () => ({ status: 404, message: 'The model `critic` does not exist.' });
    expect(await Promise.all(ask(client, 20))).toEqual(await alone(20));
    expect(answered(other!)).toHaveLength(20);
    other!.fault = one!.fault;
    expect(await failureOf(Promise.all(ask(client, 1)))).toMatchObject({ type: 'ModelNotFound' });
  });

  test('is named with the others where none does', async () => {
    const [one, other] = await servers(['llama'], ['qwen', 'phi']);
    const failure = await failureOf(clientOf([one!.url, other!.url]));
    expect(failure).toMatchObject({
      type: 'ModelNotFound',
      message: `${one!.url} serves llama, not "critic"; ${other!.url} serves qwen, phi, not "critic"`,
    });
  });

  test('while another is down is a reason to wait', async () => {
    const [one] = await servers(['llama']);
    const failure = await failureOf(clientOf([one!.url, 'http://127.0.0.1:2/v1']));
    expect(failure).toMatchObject({ type: 'EngineUnavailable', retryable: true });
    expect(failure.message).toContain(`${one!.url} serves llama, not "critic"; http://127.0.0.1:2/v1 does not list`);
  });
});

test('a checkpoint is asked of each by the name that it has there', async () => {
  const path = '/store/runs/run/1/actor/checkpoint';
  const received: string[][] = [];
  const origins = await Promise.all(
    [{ id: 'run-1-8f3a' }, { id: path }, { id: 'actor', root: path }].map(async (model, i) => {
      received[i] = [];
      const { origin } = await startHttp((request, response) => {
        if (request.path === '/v1/models') return reply(response, { data: [{ id: 'base' }, model] });
        if (request.method === 'POST') received[i]!.push(request.body.model);
        return reply(response, request.method === 'POST' ? completion(request) : {});
      });
      return origin;
    }),
  );
  const engine = new EndpointEngine(new FolderStore('/store'), {});
  const endpoint = { baseUrl: origins.map((origin) => `${origin}/v1`) };
  const checkpoint = { name: 'run-1-8f3a', uri: 'runs/run/1/actor/checkpoint', sha256: '8f3a' };
  const { client, name } = await engine.serve(
    { config: Actor.parse({ base: 'models/actor', endpoint }), checkpoint },
    never,
  );
  await Promise.all(ask(client, 3, { model: name }));
  expect(received).toEqual([['run-1-8f3a'], [path], ['actor']]);
});
