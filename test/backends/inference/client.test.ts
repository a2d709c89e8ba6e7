import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { fetch } from 'undici';
import { afterEach, describe, expect, type onTestFinished, test, vi } from 'vitest';
import type { Failure } from '../../../src/backends/failures.ts';
import { type GenerationRequest, InferenceClient } from '../../../src/backends/inference/client.ts';
import { Deadline } from '../../../src/backends/inference/deadline.ts';
import { Limiter } from '../../../src/backends/inference/limiter.ts';
import { completion, type HttpServer, type Received, reply, startHttp } from '../../support/http.ts';

const KEY = 'sk-very-secret-0123456789';
const REQUEST: GenerationRequest = {
  model: 'actor',
  prompt: 'Human: 2+3?\n\nAssistant:',
  n: 1,
  seed: 42,
  temperature: 0.7,
  maxTokens: 100,
  stop: ['\nHuman:'],
};

interface Asked {
  client: InferenceClient;
  limiter: Limiter;
  server: HttpServer;
  generate: (request?: Partial<GenerationRequest>, signal?: AbortSignal) => ReturnType<InferenceClient['generate']>;
}

async function against(
  answer: (request: Received, response: ServerResponse, index: number) => unknown,
  options: { most?: number; hasEnded?: () => boolean; finish?: typeof onTestFinished } = {},
): Promise<Asked> {
  const server = await startHttp(answer, options.finish);
  const most = options.most ?? 64;
  const limiter = new Limiter({ start: most, most });
  const client = new InferenceClient({
    baseUrl: `${server.origin}/v1`,
    apiKey: KEY,
    limiter,
    hasEnded: options.hasEnded ?? (() => false),
  });
  const generate: Asked['generate'] = (request, signal = new AbortController().signal) =>
    client.generate({ ...REQUEST, ...request }, signal);
  return { client, limiter, server, generate };
}

/** Misbehaves once, then answers. */
const once =
  (misbehave: (response: ServerResponse, request: Received) => unknown) =>
  (request: Received, response: ServerResponse, index: number) =>
    index === 0 ? misbehave(response, request) : reply(response, completion(request));

const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('succeeded'),
    (error) => error,
  );

afterEach(() => void vi.useRealTimers());

describe('a request', () => {
  test('for text carries every sampling field, the stops and the key', async () => {
    const { server, generate } = await against((request, response) => reply(response, completion(request)));
    const result = await generate({ n: 3 });
    expect(server.received).toHaveLength(1);
    const [{ method, path, headers, body }] = server.received as [Received];
    expect([method, path, headers.authorization]).toEqual(['POST', '/v1/completions', `Bearer ${KEY}`]);
    expect(body).toEqual({
      model: 'actor',
      prompt: REQUEST.prompt,
      n: 3,
      seed: 42,
      temperature: 0.7,
      top_p: 1,
      max_tokens: 100,
      stop: ['\nHuman:'],
    });
    expect(result).toEqual({
      texts: [0, 1, 2].map((i) => ({ text: `The answer is 5. ${i}`, finishReason: 'stop' })),
      promptTokens: 7,
      completionTokens: 15,
    });
  });

  test('for chat carries the messages', async () => {
    const { server, generate } = await against((request, response) =>
      reply(response, completion(request, 'yes', 'length')),
    );
    const prompt = [{ role: 'user' as const, content: '2+3?' }];
    const result = await generate({ prompt, temperature: 0, stop: [] });
    expect(server.received[0]).toMatchObject({
      path: '/v1/chat/completions',
      body: { messages: prompt, temperature: 0 },
    });
    expect(server.received[0]!.body).not.toHaveProperty('stop');
    expect(result.texts).toEqual([{ text: 'yes 0', finishReason: 'length' }]);
  });

  test('gives its room back, and grows the limit', async () => {
    const { limiter, generate } = await against((request, response) => reply(response, completion(request)));
    await Promise.all(Array.from({ length: 10 }, () => generate()));
    expect(limiter.inFlight).toBe(0);
  });

  test('is one of 512 in flight, each on a connection of its own', async () => {
    const held: (() => void)[] = [];
    const { server, generate } = await against(
      (request, response) => {
        held.push(() => reply(response, completion(request)));
        if (held.length === 512) for (const release of held) release();
      },
      { most: 512 },
    );
    const results = await Promise.all(Array.from({ length: 512 }, (_, seed) => generate({ seed })));
    expect(results).toHaveLength(512);
    expect(server.connections.most).toBe(512);
    expect(new Set(server.received.map(({ body }) => body.seed)).size).toBe(512);
  });

  test('beyond the limit waits for room', async () => {
    let open = 0;
    let most = 0;
    const { generate } = await against(
      async (request, response) => {
        open += request.body.n;
        most = Math.max(most, open);
        await new Promise((resolve) => setTimeout(resolve, 5));
        open -= request.body.n;
        reply(response, completion(request));
      },
      { most: 8 },
    );
    await Promise.all(Array.from({ length: 20 }, (_, i) => generate({ n: 1 + (i % 4) })));
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(8);
  });
});

describe('what may pass is tried again', () => {
  test.concurrent.for<[string, (response: ServerResponse) => unknown, string]>([
    ['500', (r) => reply(r, { error: { message: 'CUDA error' } }, 500), '500 CUDA error'],
    ['a page of a gateway', (r) => reply(r, `<html>\n${'Bad gateway '.repeat(1000)}</html>`, 502), '502 <html> Bad'],
    ['a reset before the head', (r) => r.destroy(), 'no connection: other side closed'],
    [
      'a reset in the middle of the body',
      (r) => {
        r.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        r.write('{"choices":[{"text":"half');
        setTimeout(() => r.destroy(), 5);
      },
      'no connection: other side closed',
    ],
    ['JSON cut short', (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":['), 'not JSON'],
    ['a page with status 200', (r) => reply(r, '<html>Log in</html>'), 'not JSON: <html>Log in'],
    ['no choices', (r) => reply(r, { object: 'error', message: 'odd' }), 'without choices: {"object":"error"'],
    ['null', (r) => reply(r, null), 'without choices: null'],
    ['too few choices', (r) => reply(r, { choices: [{ text: 'a' }] }), '1 choices where 2 were asked for'],
    ['too many choices', (r) => reply(r, { choices: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }), '3 choices'],
    ['a choice without a text', (r) => reply(r, { choices: [{ text: 'a' }, { index: 1 }] }), 'a choice without a text'],
    [
      'a generation that the engine aborted',
      (r) => reply(r, { choices: [{ text: 'a' }, { text: 'The ans', finish_reason: 'abort' }] }),
      'aborted the generation',
    ],
  ])('%s', async ([_, misbehave, said], { expect, onTestFinished: finish }) => {
    const waits: (string | null)[] = [];
    const { client, limiter, server, generate } = await against(
      (request, response, index) => {
        if (index === 0) return misbehave(response);
        waits.push(client.waitingFor);
        reply(response, completion(request));
      },
      { finish },
    );
    const result = await generate({ n: 2 });
    expect(result.texts.map(({ text }) => text)).toEqual(['The answer is 5. 0', 'The answer is 5. 1']);
    expect(server.received).toHaveLength(2);
    expect(server.received[1]!.body).toEqual(server.received[0]!.body);
    expect(waits[0]).toContain(said);
    expect(waits[0]!.length).toBeLessThan(700);
    expect(client.waitingFor).toBeNull();
    expect(limiter.inFlight).toBe(0);
  });

  test('after the time that a busy engine asks for, with less at a time', async () => {
    const { limiter, generate } = await against(once((r) => reply(r, 'queue is full', 429, { 'retry-after': '0.6' })));
    const began = performance.now();
    await generate();
    expect(performance.now() - began).toBeGreaterThan(590);
    expect(limiter.limit).toBe(51);
  });

  test('503 of a full queue asks for less at a time, 500 does not', async () => {
    for (const [status, limit] of [
      [503, 51],
      [500, 64],
    ]) {
      const { limiter, generate } = await against(once((r) => reply(r, 'no', status)));
      await generate();
      expect(limiter.limit).toBe(limit);
    }
  });

  test('but not in the room that others could use', async () => {
    const { generate, limiter } = await against(
      once((r) => reply(r, 'no', 503, { 'retry-after': '0.3' })),
      { most: 1 },
    );
    const first = generate();
    await vi.waitFor(() => expect(limiter.limit + limiter.inFlight).toBe(1));
    const second = generate({ seed: 2 });
    expect(await Promise.race([first.then(() => 'first'), second.then(() => 'second')])).toBe('second');
    await first;
  });

  test('for a minute after the first failure, however long it waited or ran before', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { server, generate } = await against((request, response, index) => {
      if (index === 0) vi.setSystemTime(Date.now() + 3_600_000);
      if (index < 2) reply(response, 'no', 500);
      else reply(response, completion(request));
    });
    await generate();
    const asked = server.received.map(({ body }) => body.prompt);
    expect(asked.filter((prompt) => prompt === REQUEST.prompt)).toHaveLength(3);
  });

  test('and is EngineUnavailable afterwards', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { client, limiter, server, generate } = await against((_, response, index) => {
      if (index > 0) vi.setSystemTime(Date.now() + 61_000);
      reply(response, 'no', 500);
    });
    const failure = await failureOf(generate());
    expect(failure).toMatchObject({ type: 'EngineUnavailable', retryable: true });
    expect(failure.message).toBe(`${client.baseUrl}: 500 no`);
    expect(server.received.map(({ body }) => body.prompt)).toEqual([REQUEST.prompt, REQUEST.prompt, 'Hello']);
    expect(limiter.inFlight).toBe(0);
  });

  test('a longer wait than that is left to Temporal', async () => {
    const { generate } = await against((_, response) => reply(response, 'later', 429, { 'retry-after': '120' }));
    expect(await failureOf(generate())).toMatchObject({ type: 'EngineUnavailable', retryAfter: 120_000 });
  });

  test('not at all when the engine has ended', async () => {
    let ended = false;
    const { server, generate } = await against(
      (_, response) => {
        ended = true;
        response.destroy();
      },
      { hasEnded: () => ended },
    );
    expect(await failureOf(generate())).toMatchObject({ type: 'EngineUnavailable' });
    expect(server.received).toHaveLength(1);
  });

  test('a port where nobody listens is named', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const client = new InferenceClient({
      baseUrl: `http://127.0.0.1:${port}/v1`,
      limiter: new Limiter({ most: 1 }),
      hasEnded: () => true,
    });
    const failure = await failureOf(client.generate(REQUEST, new AbortController().signal));
    expect(failure.message).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
  });
});

describe('what is refused', () => {
  test('for one prompt is the outcome of its rows, with the reason', async () => {
    const { limiter, server, generate } = await against((_, response) =>
      reply(response, { error: { message: 'Unsupported prompt', type: 'BadRequestError', code: 400 } }, 400),
    );
    const refusal = '400 Unsupported prompt';
    expect(await generate({ n: 2 })).toEqual({
      texts: Array.from({ length: 2 }, () => ({ text: '', finishReason: 'rejected', refusal })),
      promptTokens: 0,
      completionTokens: 0,
    });
    expect(server.received).toHaveLength(1);
    expect(limiter.inFlight).toBe(0);
  });

  const tooLong = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens";
  test.each<[string, unknown]>([
    ['OpenAI and vLLM', { error: { message: tooLong, type: 'invalid_request_error', code: null } }],
    ['vLLM before it nested its errors', { object: 'error', message: tooLong, type: 'BadRequestError', code: 400 }],
    ['FastAPI', { detail: tooLong }],
    ['a proxy that sends a text', { error: tooLong }],
    ['OpenAI, by its code alone', { error: { message: 'Too long.', code: 'context_length_exceeded' } }],
  ])('for its length is context_exceeded, as %s says it', async (_, body) => {
    const { generate } = await against((_, response) => reply(response, body, 400));
    const { texts } = await generate();
    expect(texts[0]).toMatchObject({ finishReason: 'context_exceeded', text: '' });
    expect(texts[0]!.refusal).toMatch(/^400 (This model's maximum|Too long. \[context_length_exceeded])/);
  });

  test.each([
    [401, 'Unauthorized'],
    [403, 'Unauthorized'],
    [404, 'ModelNotFound'],
  ])('with %i is %s and ends the run at once', async (status, type) => {
    const { client, server, generate } = await against((_, response) =>
      reply(response, { error: { message: 'no such thing' } }, status),
    );
    const failure = await failureOf(generate());
    expect(failure).toMatchObject({ type, retryable: false });
    expect(failure.message).toBe(`${client.baseUrl}: ${status} no such thing`);
    expect(server.received).toHaveLength(1);
  });

  test.each([400, 401, 500])('with %i and the key in its message does not spread the key', async (status) => {
    const { client, generate } = await against(
      (request, response) =>
        reply(response, { error: { message: `Invalid token ${request.headers.authorization}`, key: KEY } }, status),
      { hasEnded: () => true },
    );
    const outcome = await generate().catch((error: Error) => [error.message, error.stack, describeCauses(error)]);
    expect(JSON.stringify([outcome, client.waitingFor])).toContain('Bearer [key]');
    expect(JSON.stringify([outcome, client.waitingFor])).not.toContain(KEY);
  });
});

/** Everything that a log or a failure converter may show of an error. */
function describeCauses(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { ...error, message: error.message, stack: error.stack, cause: describeCauses(error.cause) };
}

describe('an abort', () => {
  test('takes an answer that is on its way', async () => {
    const abort = new AbortController();
    const { server, generate } = await against((request, response) => {
      abort.abort(new Error('stopped by the user'));
      setTimeout(() => reply(response, completion(request)), 20);
    });
    expect((await generate({}, abort.signal)).texts).toHaveLength(1);
    expect(server.received).toHaveLength(1);
  });

  test('ends a request that hangs, soon, and the server sees it go', async () => {
    let closed = 0;
    const { limiter, server, generate } = await against((_, response) => {
      response.once('close', () => closed++);
    });
    const abort = new AbortController();
    const working = failureOf(generate({}, abort.signal));
    await vi.waitFor(() => expect(server.received).toHaveLength(1));
    abort.abort(new Error('stopped by the user'));
    expect((await working).message).toBe('stopped by the user');
    expect(limiter.inFlight).toBe(0);
    await vi.waitFor(() => expect(closed).toBe(1));
  });

  test('ends the wait between two tries, and in the middle of a body', async () => {
    const waiting = await against((_, response) => reply(response, 'no', 429, { 'retry-after': '30' }));
    const reading = await against((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    });
    for (const { limiter, server, generate } of [waiting, reading]) {
      const abort = new AbortController();
      const working = failureOf(generate({}, abort.signal));
      await vi.waitFor(() => expect(server.received).toHaveLength(1));
      await new Promise((resolve) => setTimeout(resolve, 30));
      abort.abort(new Error('stopped by the user'));
      expect((await working).message).toBe('stopped by the user');
      expect(limiter.inFlight).toBe(0);
    }
  });

  test('ends the wait for room', async () => {
    const { server, generate } = await against(() => {}, { most: 1 });
    const abort = new AbortController();
    const both = [failureOf(generate({}, abort.signal)), failureOf(generate({}, abort.signal))];
    await vi.waitFor(() => expect(server.received).toHaveLength(1));
    abort.abort(new Error('stopped by the user'));
    for (const failure of await Promise.all(both)) expect(failure.message).toBe('stopped by the user');
    expect(server.received).toHaveLength(1);
  });
});

test('a generation may take longer than the five minutes that fetch waits by default', async () => {
  const held: (() => void)[] = [];
  const { server, generate } = await against((request, response) => {
    held.push(() => reply(response, completion({ ...request, body: { n: 1 } })));
  });
  const ours = generate();
  const byDefault = failureOf(fetch(`${server.origin}/v1/completions`));
  await vi.waitFor(() => expect(held).toHaveLength(2));
  const timers = createRequire(import.meta.url)('undici/lib/util/timers.js') as { tick(milliseconds: number): void };
  for (const milliseconds of [0, 3_600_000, 0]) timers.tick(milliseconds);
  expect((await byDefault).cause).toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
  for (const release of held) release();
  expect((await ours).texts).toHaveLength(1);
});

describe('a request that is lost', () => {
  const noTime = () => vi.spyOn(Deadline.prototype, 'of').mockReturnValue(20);
  afterEach(() => void vi.restoreAllMocks());

  test('is given up and asked again', async () => {
    noTime();
    let closed = 0;
    const { client, limiter, generate } = await against(once((response) => response.once('close', () => closed++)));
    const working = generate();
    await vi.waitFor(() => expect(client.waitingFor).toContain('no answer in'), 5_000);
    vi.restoreAllMocks();
    expect((await working).texts).toHaveLength(1);
    expect(closed).toBe(1);
    expect(limiter.inFlight).toBe(0);
  });

  test('three times is an outcome of its rows where others are answered (one of 512 that never came back)', async () => {
    noTime();
    const { server, generate } = await against((request, response) => {
      if (request.body.seed !== 7) reply(response, completion(request));
    });
    const { texts } = await generate({ seed: 7, n: 2 });
    expect(texts).toEqual(
      [0, 1].map(() => ({ text: '', finishReason: 'failed', refusal: '3 times: no answer in 0 minutes' })),
    );
    expect(server.received.filter(({ body }) => body.seed === 7)).toHaveLength(3);
  });
});

describe('a prompt that the engine always fails at', () => {
  test('is an outcome of its rows after five failures, others being answered, however their messages differ', async () => {
    const { limiter, server, generate } = await against((request, response, index) => {
      if (request.body.seed === 7) reply(response, { error: { message: `request ${index} failed` } }, 500);
      else reply(response, completion(request));
    });
    const { texts, promptTokens, completionTokens } = await generate({ seed: 7 });
    expect(texts).toEqual([
      { text: '', finishReason: 'failed', refusal: expect.stringMatching(/^5 times: 500 request/) },
    ]);
    expect([promptTokens, completionTokens]).toEqual([0, 0]);
    const own = server.received.filter(({ body }) => body.seed === 7);
    const greetings = server.received.filter(({ body }) => body.prompt === 'Hello');
    expect([own.length, greetings.length]).toEqual([5, 4]);
    expect(greetings[0]!.body).toMatchObject({ model: 'actor', n: 1, max_tokens: 1 });
    expect(limiter.inFlight).toBe(0);
  });

  test('needs no greeting where others ask anyway', async () => {
    const { server, generate } = await against((request, response) => {
      if (request.body.seed === 7) reply(response, 'no', 500);
      else reply(response, completion(request));
    });
    let ended = false;
    const poison = generate({ seed: 7 }).finally(() => {
      ended = true;
    });
    while (!ended) {
      await generate();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await poison).texts[0]!.finishReason).toBe('failed');
    expect(server.received.filter(({ body }) => body.prompt === 'Hello')).toEqual([]);
  });
});

test('Retry-After holds all requests back, not only the one that was told', async () => {
  const arrived: number[] = [];
  const { generate } = await against((request, response, index) => {
    arrived.push(performance.now());
    if (index === 0) reply(response, 'later', 429, { 'retry-after': '0.5' });
    else reply(response, completion(request));
  });
  const first = generate();
  await vi.waitFor(() => expect(arrived).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all([first, generate({ seed: 2 }), generate({ seed: 3 })]);
  expect(arrived).toHaveLength(4);
  expect(arrived[1]! - arrived[0]!).toBeGreaterThan(490);
});

test('a connection that was kept and is closed under a request is no failure: it is asked once more at once', async () => {
  const { client, generate } = await against((request, response, index) => {
    if (index === 1) response.socket!.destroy();
    else reply(response, completion(request));
  });
  await generate();
  const random = vi.spyOn(Math, 'random');
  await generate({ seed: 2 });
  expect(random).not.toHaveBeenCalled();
  random.mockRestore();
  expect(client.waitingFor).toBeNull();
});

test('a server that redirects is told of, not followed', async () => {
  const { generate } = await against((_, response) => reply(response, '', 308, { location: 'https://other/v1' }));
  const failure = await failureOf(generate());
  expect(failure).toMatchObject({ type: 'BadRequest' });
  expect(failure.message).toContain('308 The server redirects to https://other/v1');
});
