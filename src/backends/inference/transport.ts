import type { IncomingHttpHeaders } from 'node:http';
import { context, propagation, trace } from '@opentelemetry/api';
import { Agent, type Dispatcher } from 'undici';
import { ConnectionError, HttpError, OddAnswer, Overdue } from './errors.ts';
import { onAbort } from './on-abort.ts';

/** One for all clients: no time limit on headers or bodies (a long generation is not an error) and no cap on connections. */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: null, connect: { timeout: 30_000 } });

/** What an engine says about an error goes into rows, histories and logs: no more than this of it. */
const LONGEST_MESSAGE = 500;
/** An answer that is on its way when work is given up is taken, and not generated again. */
const LINGER_MS = 100;
const LOOK_EVERY_MS = 1_000;

export interface Call {
  signal: AbortSignal;
  /** How many milliseconds it may take, by what is known when it is asked. */
  deadline: () => number;
}

/**
 * Asks one server for JSON. Errors say what the server said, whatever its form, and never have the key in them.
 * It stands on undici's dispatch and not on fetch or the `openai` package, which cost more than the rest of a row (npm run bench -- client).
 */
export class Transport {
  readonly #base: URL;
  readonly #apiKey: string | undefined;
  readonly #headers: Record<string, string>;
  readonly #open = new Set<Exchange>();
  #looking: NodeJS.Timeout | undefined;

  constructor(baseUrl: string, apiKey?: string) {
    this.#base = new URL(baseUrl.replace(/\/+$/, ''));
    this.#apiKey = apiKey;
    this.#headers = { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
  }

  /** @throws HttpError, ConnectionError, Overdue or OddAnswer; the signal's reason where it is aborted */
  async post(path: string, body: object, call: Call): Promise<unknown> {
    return await this.#call({ method: 'POST', path, body: JSON.stringify(body) }, call);
  }

  /** @throws as `post` does */
  async get(path: string, call: Call): Promise<unknown> {
    return await this.#call({ method: 'GET', path }, call);
  }

  async #call(
    request: { method: 'GET' | 'POST'; path: string; body?: string },
    { signal, deadline }: Call,
  ): Promise<unknown> {
    signal.throwIfAborted();
    const exchange = new Exchange(deadline);
    const forget = onAbort(signal, (reason) => setTimeout(() => exchange.abort(reason), LINGER_MS));
    this.#open.add(exchange);
    this.#looking ??= setInterval(() => this.#endOverdue(), LOOK_EVERY_MS);
    const { origin, pathname, search } = this.#base;
    dispatcher.dispatch(
      { ...request, origin, path: `${pathname}${request.path}${search}`, headers: withTrace(this.#headers) },
      exchange,
    );
    try {
      return this.#read(await exchange.ended);
    } finally {
      forget();
      this.#open.delete(exchange);
      if (this.#open.size === 0) {
        clearInterval(this.#looking);
        this.#looking = undefined;
      }
    }
  }

  #endOverdue(): void {
    for (const exchange of this.#open) exchange.endIfOverdue();
  }

  #read({ status, headers, text }: Answer): unknown {
    if (status >= 200 && status < 300) {
      try {
        return JSON.parse(text);
      } catch {
        throw new OddAnswer(`the answer is not JSON: ${this.#say(text)}`);
      }
    }
    const to = headers.location === undefined ? '' : `The server redirects to ${headers.location}`;
    throw new HttpError(status, [status, this.#say(text), to].filter((part) => part !== '').join(' '), headers);
  }

  #say(text: string): string {
    return readMessage(this.#apiKey ? text.replaceAll(this.#apiKey, '[key]') : text);
  }
}

/** With the `traceparent` of the span that asks, where there is one: vLLM's own spans are then part of the trace. */
function withTrace(headers: Record<string, string>): Record<string, string> {
  if (!trace.getActiveSpan()) return headers;
  const carrier = { ...headers };
  propagation.inject(context.active(), carrier);
  return carrier;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly ended: Promise<Answer>;
  readonly #began = performance.now();
  readonly #deadline: () => number;
  readonly #chunks: Buffer[] = [];
  #resolve!: (answer: Answer) => void;
  #reject!: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #abortedBy: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};

  constructor(deadline: () => number) {
    this.#deadline = deadline;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  abort(reason: Error): void {
    this.#abortedBy = reason;
    this.#reject(reason);
    this.#controller?.abort(reason);
  }

  endIfOverdue(): void {
    const allowed = this.#deadline();
    if (performance.now() - this.#began > allowed) this.abort(new Overdue(allowed));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abortedBy) controller.abort(this.#abortedBy);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const whole = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, text: whole.toString() });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#reject(new ConnectionError(error));
  }
}

/** OpenAI and vLLM nest it in `error`, older vLLM and proxies do not, FastAPI calls it `detail`, gateways send a page. */
function readMessage(text: string): string {
  const body = parse(text);
  const error = body?.error ?? body;
  const found = error?.message ?? error?.detail ?? (typeof error === 'string' ? error : text);
  const message = typeof found === 'string' ? found : JSON.stringify(found);
  const code = typeof error?.code === 'string' && !message.includes(error.code) ? ` [${error.code}]` : '';
  return message.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_MESSAGE) + code;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a server may answer
function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
