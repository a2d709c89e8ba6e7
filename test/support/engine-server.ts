import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import { digest } from '../../src/method/random.ts';
import type { Question } from '../../src/method/rows.ts';
import { FakeAnswers } from './fake-answers.ts';
import { modelList, type ServedNames, send } from './fake-openai.ts';

export interface EngineServerOptions extends ServedNames {
  /** 0 for any. */
  port: number;
  /** What it knows: so many questions of the arithmetic world's splits, of seed 1. */
  train: number;
  test: number;
  /** Mean milliseconds that an answer takes, from half to one and a half by a hash of its row; 0: at once. */
  latencyMs: number;
  /** File to which it appends a line for each event (`EngineEvent`), before its client can know of it. */
  log?: string;
}

/**
 * A line of the log, tab-separated: milliseconds since the epoch, what, the row's hash, completion tokens. `begun` and then `answered`, or
 * `abandoned` with the share of the tokens that the time until then stands for. Of a row that had begun when the server was killed there
 * is no second line.
 */
export interface EngineEvent {
  at: number;
  what: 'begun' | 'answered' | 'abandoned';
  row: string;
  tokens: number;
}

/** What GET /stats answers. */
export interface EngineStats {
  requests: number;
  answered: number;
  completionTokens: number;
  inFlight: number;
  mostInFlight: number;
  /** Milliseconds during which at least one request was in flight. */
  busyMs: number;
}

/** Runs until it is killed; says `{"port": n}` on standard output once it listens. */
export async function serveEngine(options: EngineServerOptions): Promise<void> {
  const answers = new FakeAnswers({ questions: known(options) });
  const stats: EngineStats = { requests: 0, answered: 0, completionTokens: 0, inFlight: 0, mostInFlight: 0, busyMs: 0 };
  let busySince = 0;
  const busyMs = () => stats.busyMs + (stats.inFlight > 0 ? performance.now() - busySince : 0);
  const note = (what: EngineEvent['what'], row: string, tokens: number) => {
    if (options.log !== undefined) appendFileSync(options.log, `${Date.now()}\t${what}\t${row}\t${tokens}\n`);
  };

  const generate = async (request: IncomingMessage, response: ServerResponse) => {
    const begun = performance.now();
    stats.requests++;
    if (stats.inFlight++ === 0) busySince = begun;
    stats.mostInFlight = Math.max(stats.mostInFlight, stats.inFlight);
    response.once('close', () => {
      if (--stats.inFlight === 0) stats.busyMs += performance.now() - busySince;
    });
    const asked = answers.read(JSON.parse(await textOf(request)), request.url === '/v1/chat/completions');
    const hash = digest(asked.key);
    const row = hash.toString(16);
    const { body, completionTokens } = answers.answer(asked);
    note('begun', row, completionTokens);
    const takes = options.latencyMs * (0.5 + (hash % 1000) / 1000);
    if (takes > 0 && !(await lasts(takes, response))) {
      const share = Math.min(1, (performance.now() - begun) / takes);
      return note('abandoned', row, Math.round(share * completionTokens));
    }
    note('answered', row, completionTokens);
    stats.answered++;
    stats.completionTokens += completionTokens;
    send(response, 200, body);
  };

  const server = createServer((request, response) => {
    if (request.url === '/v1/models') return send(response, 200, modelList(options));
    if (request.url === '/stats') return send(response, 200, { ...stats, busyMs: busyMs() });
    if (request.method === 'GET') return send(response, 404, {});
    generate(request, response).catch((error) => {
      if (!response.headersSent) send(response, 500, { error: { message: String(error) } });
    });
  });
  // An idle connection that is closed just as it is used again would look like a fault.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  await new Promise(() => {});
}

function* known({ train, test }: EngineServerOptions): Iterable<Question> {
  yield* questions({ seed: 1, split: 'train', count: train });
  yield* questions({ seed: 1, split: 'test', count: test });
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  return text;
}

/** Whether the client is still there after a while. */
async function lasts(ms: number, response: ServerResponse): Promise<boolean> {
  return await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, true);
    response.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
