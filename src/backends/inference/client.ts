import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import type { Message, Prompt } from '../../method/prompts/index.ts';
import type { FinishReason } from '../../method/rows.ts';
import { Failure } from '../failures.ts';
import { classify, OddAnswer } from './errors.ts';
import type { Limiter } from './limiter.ts';
import { createFetch } from './transport.ts';

export interface GenerationRequest {
  model: string;
  prompt: Prompt;
  /** Generations wanted; one prefill serves them all. */
  n: number;
  seed: number;
  temperature: number;
  maxTokens: number;
  stop: readonly string[];
}

export interface GeneratedText {
  text: string;
  finishReason: FinishReason;
  /** Why the engine refused, where it did. */
  refusal?: string;
}

export interface GenerationResult {
  texts: GeneratedText[];
  promptTokens: number;
  completionTokens: number;
}

/** How long one request is tried after its first failure before the activity gives up. */
const PATIENCE_MS = 60_000;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;

/**
 * Asks one OpenAI-compatible engine. Retries what may pass for a minute, then leaves the waiting to Temporal; turns a refusal of
 * one prompt into an outcome of that row.
 */
export class InferenceClient {
  readonly baseUrl: string;
  readonly limiter: Limiter;
  /** What the client is waiting for, for heartbeats; null while all goes well. */
  waitingFor: string | null = null;
  readonly #openai: OpenAI;
  readonly #hasEnded: () => boolean;

  /** @param options.hasEnded whether the engine will never answer again, so that waiting is no use */
  constructor(options: { baseUrl: string; apiKey?: string | undefined; limiter: Limiter; hasEnded?: () => boolean }) {
    this.baseUrl = options.baseUrl;
    this.limiter = options.limiter;
    this.#hasEnded = options.hasEnded ?? (() => false);
    this.#openai = new OpenAI({
      baseURL: options.baseUrl,
      apiKey: options.apiKey ?? 'none',
      maxRetries: 0,
      timeout: 24 * 3600 * 1000,
      fetch: createFetch(options.apiKey),
    });
  }

  /** Names that the engine serves, with the path or parent where it says so. */
  async models(signal: AbortSignal): Promise<{ id: string; root?: string }[]> {
    const models: unknown = await this.#openai.get('/models', { signal, timeout: 10_000 });
    const list = (models as { data?: unknown } | null)?.data;
    if (!Array.isArray(list)) throw new OddAnswer(`no list of models: ${snippet(models)}`);
    return list;
  }

  /**
   * @throws Failure EngineUnavailable, Unauthorized or ModelNotFound; the signal's reason when aborted.
   * Waits for room in the limiter first.
   */
  async generate(request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult> {
    let failingSince: number | null = null;
    for (let attempt = 0; ; attempt++) {
      const round = await this.limiter.acquire(request.n, signal);
      let wait: number;
      try {
        const result = await lingering(signal, (later) => this.#ask(request, later));
        this.limiter.succeeded(request.n);
        this.waitingFor = null;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        const failed = classify(error);
        if (failed.kind === 'row') return refused(request.n, failed.finishReason, failed.message);
        if (failed.kind === 'run')
          throw new Failure(failed.type, `${this.baseUrl}: ${failed.message}`, { cause: error });
        if (failed.kind === 'busy') this.limiter.busy(round);
        this.waitingFor = `${this.baseUrl}: ${failed.message}`;
        failingSince ??= Date.now();
        wait = failed.retryAfter ?? backoff(attempt);
        if (this.#hasEnded() || Date.now() + wait - failingSince > PATIENCE_MS)
          throw new Failure('EngineUnavailable', this.waitingFor, {
            cause: error,
            ...(failed.retryAfter !== undefined && { retryAfter: failed.retryAfter }),
          });
      } finally {
        this.limiter.release(request.n);
      }
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #ask(request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult> {
    const { model, prompt, n, seed, temperature, maxTokens } = request;
    const shared = {
      model,
      n,
      seed,
      temperature,
      top_p: 1,
      ...(request.stop.length > 0 && { stop: [...request.stop] }),
    };
    const response =
      typeof prompt === 'string'
        ? await this.#openai.completions.create({ ...shared, prompt, max_tokens: maxTokens }, { signal })
        : await this.#openai.chat.completions.create(
            { ...shared, messages: prompt, max_tokens: maxTokens, ...goingOn(prompt) },
            { signal },
          );
    const choices: unknown = response?.choices;
    if (!Array.isArray(choices)) throw new OddAnswer(`an answer without choices: ${snippet(response)}`);
    if (choices.length !== n) throw new OddAnswer(`${choices.length} choices where ${n} were asked for`);
    const texts = choices.map(readChoice);
    return {
      texts,
      promptTokens: response.usage?.prompt_tokens ?? 0,
      completionTokens: response.usage?.completion_tokens ?? 0,
    };
  }
}

/**
 * Works under a signal that follows the given one a moment later: an answer that is on its way when work is given up is taken, and not
 * generated again. Each request has one of its own, because the OpenAI client never stops listening to a signal: a shard's would hold
 * something of every request that was made.
 */
async function lingering<T>(signal: AbortSignal, work: (later: AbortSignal) => Promise<T>): Promise<T> {
  const later = new AbortController();
  const abort = () => setTimeout(() => later.abort(signal.reason), LINGER_MS);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(later.signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

const LINGER_MS = 100;

/** An answer that has begun is gone on with, not answered: vLLM and SGLang ask to be told so; providers who know neither field ignore or refuse it. */
const goingOn = (prompt: Message[]) =>
  prompt.at(-1)?.role === 'assistant' ? { add_generation_prompt: false, continue_final_message: true } : {};

function readChoice(choice: {
  text?: unknown;
  message?: { content?: unknown };
  finish_reason?: unknown;
}): GeneratedText {
  const text = choice?.text ?? (choice?.message && (choice.message.content ?? ''));
  if (typeof text !== 'string') throw new OddAnswer(`a choice without a text: ${snippet(choice)}`);
  // vLLM, of a generation that it gave up.
  if (choice.finish_reason === 'abort') throw new OddAnswer('the engine aborted the generation');
  return { text, finishReason: choice.finish_reason === 'length' ? 'length' : 'stop' };
}

const snippet = (value: unknown) => String(JSON.stringify(value)).slice(0, 200);

function refused(n: number, finishReason: FinishReason, refusal: string): GenerationResult {
  const texts = Array.from({ length: n }, () => ({ text: '', finishReason, refusal }));
  return { texts, promptTokens: 0, completionTokens: 0 };
}

const backoff = (attempt: number) =>
  Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
