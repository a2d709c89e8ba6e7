import type { IncomingHttpHeaders } from 'node:http';
import { Failure, type FailureType } from '../failures.ts';

/**
 * What a failed request means, decided in one place.
 * - row: this prompt can't be answered; the row says why and the shard goes on
 * - run: no prompt will be answered until somebody changes something
 * - busy: the engine is overloaded; ask for less at a time
 * - down: it can't be reached, or starts again; wait
 * - failing: it answers, and with an error; try again, but not for ever
 */
export type RequestError =
  | { kind: 'row'; finishReason: 'context_exceeded' | 'rejected'; message: string }
  | {
      kind: 'run';
      type: Extract<FailureType, 'Unauthorized' | 'ModelNotFound' | 'BadRequest' | 'QuotaExhausted'>;
      message: string;
    }
  | { kind: 'busy' | 'down' | 'failing'; message: string; retryAfter: number | undefined };

const KINDS = new Map<number, Exclude<RequestError['kind'], 'run'>>([
  [400, 'row'], // Bad Request: this prompt or, where every row says so, the whole configuration
  [408, 'down'], // Request Timeout
  [409, 'down'], // Conflict
  [413, 'row'], // Content Too Large
  [422, 'row'], // Unprocessable Content
  [425, 'down'], // Too Early
  [429, 'busy'], // Too Many Requests
  [500, 'failing'], // Internal Server Error
  [502, 'down'], // Bad Gateway: a proxy whose engine is away
  [503, 'busy'], // Service Unavailable: vLLM's full queue, or a restart
  [504, 'down'], // Gateway Timeout
  [529, 'busy'], // Anthropic's and others' "overloaded"
]);

const RUN_TYPES = new Map<number, Extract<RequestError, { kind: 'run' }>['type']>([
  [401, 'Unauthorized'],
  [402, 'QuotaExhausted'], // Payment Required
  [403, 'Unauthorized'],
  [404, 'ModelNotFound'],
  [501, 'BadRequest'], // Not Implemented
]);

/** The longest Retry-After that is believed. */
const LONGEST_WAIT_MS = 3_600_000;

/** The server's answer is an error. The message begins with the status. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;

  constructor(status: number, message: string, headers: IncomingHttpHeaders = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** No answer: nobody there, or the connection broke. */
export class ConnectionError extends Error {
  /** A connection that was kept open was closed at the moment of asking: nothing is wrong with the engine. */
  readonly wasReset: boolean;

  constructor(cause: Error) {
    super(`no connection: ${describe(cause)}`, { cause });
    const { code } = cause as NodeJS.ErrnoException;
    this.wasReset = code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET';
  }
}

/** No answer in the time that one may take. */
export class Overdue extends Error {
  constructor(milliseconds: number) {
    super(`no answer in ${Math.round(milliseconds / 6_000) / 10} minutes`);
  }
}

/** The engine can't be reached or asks to wait, and another one answers. */
export class Unreachable extends Error {}

/** An answer that came with status 200 and can't be one. */
export class OddAnswer extends Error {}

/** @throws the error itself where it is not one of a request: a mistake in this program. */
export function classify(error: unknown): RequestError {
  if (error instanceof ConnectionError) return { kind: 'down', message: error.message, retryAfter: undefined };
  if (error instanceof OddAnswer || error instanceof Overdue)
    return { kind: 'failing', message: error.message, retryAfter: undefined };
  if (!(error instanceof HttpError)) throw error;
  const { status, message } = error;
  const type = runType(status, message);
  if (type) return { kind: 'run', message, type };
  const kind = KINDS.get(status) ?? (status >= 500 ? 'failing' : 'row');
  if (kind !== 'row') return { kind, message, retryAfter: retryAfter(error.headers) };
  return { kind, message, finishReason: isContextLength(message) ? 'context_exceeded' : 'rejected' };
}

/** Whether an activity gives up because the engine answers, and with errors only; not because it can't be reached or is busy. */
export function isFailing(error: unknown): error is Failure {
  if (!(error instanceof Failure) || error.type !== 'EngineUnavailable') return false;
  const { cause } = error;
  const isOfRequest = cause instanceof HttpError || cause instanceof OddAnswer || cause instanceof Overdue;
  return isOfRequest && classify(cause).kind === 'failing';
}

function runType(status: number, message: string): Extract<RequestError, { kind: 'run' }>['type'] | undefined {
  if (/insufficient_quota/.test(message)) return 'QuotaExhausted';
  // A redirection, or vLLM on several samples at temperature 0: every request has that.
  if (status < 400 || (status === 400 && /n must be 1 when/i.test(message))) return 'BadRequest';
  return RUN_TYPES.get(status);
}

/** "maximum context length" (OpenAI, vLLM), "maximum model length" (vLLM), "context window" (OpenAI, LiteLLM), "context size" (llama.cpp). */
const isContextLength = (message: string) =>
  /context[ _](length|window|size)|max_model_len|maximum model length|too many tokens/i.test(message);

/** Milliseconds, from a Retry-After of seconds or of a date. */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const value = headers['retry-after'];
  if (!value) return undefined;
  const milliseconds = /^[\d.]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) && milliseconds > 0 ? Math.min(LONGEST_WAIT_MS, milliseconds) : undefined;
}

/** With what lies beneath; Node tries several addresses and then has no message of its own. */
function describe(error: Error): string {
  const all = error instanceof AggregateError ? error.errors : [error, error.cause];
  const messages = all.filter((one) => one instanceof Error).map(({ message }) => message);
  return [...new Set(messages)].filter((message) => message !== '').join(': ');
}
