import { existsSync, readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type AnswerOptions, type Asked, FakeAnswers } from './fake-answers.ts';

export interface FakeRequest extends Asked {
  /** `pending` until it is answered, refused or its client went away. */
  state: 'pending' | 'answered' | 'refused' | 'abandoned';
  /** How often this row had been answered before. */
  before: number;
  /** When it was answered, in milliseconds since the epoch. */
  answeredAt?: number;
  /** The header of that name: which span asks. */
  traceparent?: string | undefined;
}

/** What a request gets instead of an answer, or before it. */
export type Fault =
  | { delayMs: number }
  | { status: number; message?: string; retryAfter?: string }
  | { hang: true }
  | { reset: true }
  | { wrongJson: true }
  | { junk: unknown };

export interface ServedNames {
  /** Names it serves; it also serves every finished checkpoint in the store of this folder, by its path or its key. */
  models?: string[];
  store?: string;
  names?: 'paths' | 'keys';
}

export type FakeOptions = AnswerOptions & ServedNames;

/** What a client asks to see whether anybody is answered. */
const GREETING = 'Hello';

/**
 * An OpenAI-compatible server that is no model: it answers problems of the arithmetic world right or wrong by a hash of prompt and
 * seed, so that two runs give the same rows, critiques them exactly, and misbehaves as it is told.
 */
export class FakeOpenAi {
  /** Every request for generations, as it came. */
  readonly requests: FakeRequest[] = [];
  /** Decides what goes wrong with a request; nothing by default. */
  fault: (request: FakeRequest) => Fault | null = () => null;
  /** Whether it answers a greeting, whatever else it does. */
  greets = true;
  /** Whether answers say how many tokens they took. */
  counts = true;
  /** Milliseconds since the epoch at which the last request ended. */
  idleSince = Date.now();
  readonly #answers: FakeAnswers;
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #given = new Map<string, number>();
  readonly #holds = new Set<Hold>();

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.#answers = new FakeAnswers(options);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => {
        if (!response.headersSent) send(response, 500, { error: { message: String(error) } });
      });
    });
  }

  /** @param port one that it had before */
  static async start(options: FakeOptions, port = 0): Promise<FakeOpenAi> {
    const fake = new FakeOpenAi(options);
    await new Promise<void>((resolve) => fake.#server.listen(port, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  get inFlight(): number {
    return this.requests.filter(({ state }) => state === 'pending').length;
  }

  /** Requests for rows that had already been answered: what was generated twice. */
  get repeated(): FakeRequest[] {
    return this.requests.filter(({ before }) => before > 0);
  }

  /** Keeps matching requests waiting, from now until they are released. */
  hold(match: (request: FakeRequest) => boolean): Hold {
    const hold = new Hold(match, () => this.#holds.delete(hold));
    this.#holds.add(hold);
    return hold;
  }

  async close(): Promise<void> {
    for (const hold of this.#holds) hold.release();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #greet(response: ServerResponse): void {
    if (this.greets) send(response, 200, { choices: [{ text: '!', finish_reason: 'length' }] });
    else misbehave(response, { status: 500 });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/models') return send(response, 200, modelList(this.#options));
    if (request.method === 'GET') return send(response, 404, {});
    let body = '';
    for await (const chunk of request) body += chunk;
    const parsed = JSON.parse(body);
    if (parsed.prompt === GREETING) return this.#greet(response);
    const read = this.#answers.read(parsed, request.url === '/v1/chat/completions');
    const traceparent = request.headers.traceparent as string | undefined;
    const asked: FakeRequest = { ...read, state: 'pending', before: this.#given.get(read.key) ?? 0, traceparent };
    this.requests.push(asked);
    const gone = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (asked.state === 'pending') asked.state = 'abandoned';
        this.idleSince = Date.now();
        resolve();
      });
    });
    for (const hold of this.#holds) if (hold.match(asked)) await Promise.race([hold.wait(), gone]);
    const fault = this.fault(asked);
    if (fault && 'delayMs' in fault) await Promise.race([after(fault.delayMs), gone]);
    else if (fault && 'hang' in fault) await gone;
    else if (fault) {
      asked.state = 'refused';
      return misbehave(response, fault);
    }
    if (response.closed) return;
    asked.state = 'answered';
    asked.answeredAt = Date.now();
    this.#given.set(asked.key, (this.#given.get(asked.key) ?? 0) + 1);
    send(response, 200, this.#answers.answer(asked, this.counts).body);
  }
}

/** Requests that are kept waiting. */
export class Hold {
  readonly match: (request: FakeRequest) => boolean;
  readonly #end: () => void;
  readonly #released: Promise<void>;
  #release!: () => void;
  #waiting = 0;
  #watchers: { count: number; resolve: () => void }[] = [];

  constructor(match: (request: FakeRequest) => boolean, end: () => void) {
    this.match = match;
    this.#end = end;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  async wait(): Promise<void> {
    this.#waiting++;
    for (const { count, resolve } of this.#watchers) if (this.#waiting >= count) resolve();
    await this.#released;
  }

  /** Resolves when so many requests wait. */
  async reached(count = 1): Promise<void> {
    if (this.#waiting >= count) return;
    await new Promise<void>((resolve) => this.#watchers.push({ count, resolve }));
  }

  release(): void {
    this.#end();
    this.#release();
  }
}

/** What `/v1/models` answers. */
export function modelList({ models = ['critic'], store, names = 'paths' }: ServedNames): object {
  const checkpoints = (store ? filesOf(store) : [])
    .filter((file) => file.endsWith('/checkpoint'))
    .map((file) => (names === 'keys' ? file : join(store!, file)));
  return { data: [...models, ...checkpoints].map((id) => ({ id })) };
}

/** Everything in a store, in which folders go while they are read. */
function filesOf(store: string): string[] {
  while (existsSync(store)) {
    try {
      return readdirSync(store, { recursive: true, encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return [];
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function misbehave(response: ServerResponse, fault: Exclude<Fault, { delayMs: number } | { hang: true }>): void {
  if ('status' in fault) {
    const { status, message = `fault ${status}`, retryAfter } = fault;
    send(response, status, { error: { message } }, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
  } else if ('junk' in fault) {
    send(response, 200, fault.junk as object);
  } else if ('reset' in fault) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"choices":[{"text":"half');
    setTimeout(() => response.destroy(), 5);
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"choices": [');
  }
}
