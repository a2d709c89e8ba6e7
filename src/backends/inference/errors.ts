import OpenAI from 'openai';

/**
 * What a failed request means, decided in one place.
 * - row: this prompt can't be answered; the row says why and the shard goes on
 * - run: no prompt will be answered until somebody changes something
 * - busy: the engine is overloaded; ask for less at a time
 * - transient: try again
 */
export type RequestError =
  | { kind: 'row'; finishReason: 'context_exceeded' | 'rejected'; message: string }
  | { kind: 'run'; type: 'Unauthorized' | 'ModelNotFound'; message: string }
  | { kind: 'busy' | 'transient'; message: string; retryAfter: number | undefined };

const KINDS = new Map<number, RequestError['kind']>([
  [400, 'row'], // Bad Request: this prompt or, where every row says so, the whole configuration
  [401, 'run'], // Unauthorized
  [403, 'run'], // Forbidden
  [404, 'run'], // Not Found: the model
  [408, 'transient'], // Request Timeout
  [409, 'transient'], // Conflict
  [413, 'row'], // Content Too Large
  [422, 'row'], // Unprocessable Content
  [425, 'transient'], // Too Early
  [429, 'busy'], // Too Many Requests
  [503, 'busy'], // Service Unavailable: vLLM's full queue, or a restart
]);

/** An answer that came with status 200 and can't be one. */
export class OddAnswer extends Error {}

/** @throws the error itself where it is not one of a request: a mistake in this program. */
export function classify(error: unknown): RequestError {
  if (error instanceof OpenAI.APIConnectionError)
    return { kind: 'transient', message: causes(error), retryAfter: undefined };
  if (error instanceof OddAnswer) return { kind: 'transient', message: error.message, retryAfter: undefined };
  // fetch says so where the connection breaks in the middle of a body.
  if (error instanceof TypeError && error.cause instanceof Error)
    return { kind: 'transient', message: causes(error), retryAfter: undefined };
  if (error instanceof SyntaxError)
    return { kind: 'transient', message: `the answer is not JSON: ${error.message}`, retryAfter: undefined };
  if (!(error instanceof OpenAI.APIError) || error.status === undefined) throw error;
  const status: number = error.status;
  const message = `${status} ${error.message.replace(/^\d+ /, '')}`;
  const kind = KINDS.get(status) ?? (status >= 500 ? 'transient' : 'row');
  switch (kind) {
    case 'row':
      return { kind, message, finishReason: isContextLength(message) ? 'context_exceeded' : 'rejected' };
    case 'run':
      return { kind, message, type: status === 404 ? 'ModelNotFound' : 'Unauthorized' };
    default:
      return { kind, message, retryAfter: retryAfter(error.headers) };
  }
}

/** "maximum context length" (OpenAI, vLLM), "maximum model length" (vLLM), "context window" (OpenAI, LiteLLM), "context size" (llama.cpp). */
const isContextLength = (message: string) =>
  /context[ _](length|window|size)|max_model_len|maximum model length|too many tokens/i.test(message);

/** Milliseconds, from a Retry-After of seconds or of a date. */
function retryAfter(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const milliseconds = /^[\d.]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) && milliseconds > 0 ? milliseconds : undefined;
}

function causes(error: Error): string {
  const messages: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
  return [...new Set(messages)].join(': ');
}
