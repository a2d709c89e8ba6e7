import { setTimeout as sleep } from 'node:timers/promises';
import { SpanKind } from '@opentelemetry/api';
import type { Message, Prompt } from '../../method/prompts/index.ts';
import type { FinishReason } from '../../method/rows.ts';
import { Failure } from '../failures.ts';
import { type Metrics, NO_METRICS, secondsSince } from '../metrics.ts';
import { inSpan } from '../spans.ts';
import { Deadline } from './deadline.ts';
import { ConnectionError, classify, HttpError, OddAnswer, Overdue, Unreachable } from './errors.ts';
import type { Limiter } from './limiter.ts';
import { LoadWatch } from './load.ts';
import { Transport } from './transport.ts';

export interface GenerationRequest {
  model: string;
  prompt: Prompt;
  /** Generations wanted; one prefill serves them all. */
  n: number;
  /** Absent where the engine may draw as it likes. */
  seed: number | undefined;
  temperature: number;
  maxTokens: number;
  stop: readonly string[];
}

export interface GeneratedText {
  text: string;
  finishReason: FinishReason;
  /** Why the engine did not answer, where it did not. */
  refusal?: string;
}

export interface GenerationResult {
  texts: GeneratedText[];
  promptTokens: number;
  completionTokens: number;
}

/** A name under which an engine serves a model, with its path or parent where it says so. */
export interface ListedModel {
  id: string;
  root?: string;
}

/** How long one request is tried after its first failure before the activity gives up. */
const PATIENCE_MS = 60_000;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;
/** A request is given up after so many failures of the same kind in succession, where the engine answers others. */
const FAILURES_TO_GIVE_UP = 5;
/** The same where each is a deadline that passed. */
const OVERDUE_TO_GIVE_UP = 3;

/**
 * Asks one OpenAI-compatible engine. Retries what may pass for a minute, then leaves the waiting to Temporal. What is wrong with one
 * prompt becomes an outcome of its rows: the engine refuses it, or fails at it again and again and answers others.
 */
export class InferenceClient {
  readonly baseUrl: string;
  readonly limiter: Limiter;
  /** What the client is waiting for, for heartbeats; null while all goes well. */
  waitingFor: string | null = null;
  readonly #transport: Transport;
  readonly #hasEnded: () => boolean;
  readonly #watch: LoadWatch | null;
  readonly #metrics: Metrics;
  readonly #host: string;
  readonly #deadline = new Deadline();
  /** By model: requests that were answered, of all who ask through this client. */
  readonly #answers = new Map<string, number>();
  /** By model: whether it writes one token to a greeting, while that is asked. */
  readonly #greetings = new Map<string, Promise<boolean>>();

  /**
   * @param options.hasEnded whether the engine will never answer again, so that waiting is no use
   * @param options.watchLoad whether the limit may follow what its `/metrics` say
   * @param options.host what metrics call the engine
   */
  constructor(options: {
    baseUrl: string;
    apiKey?: string | undefined;
    limiter: Limiter;
    hasEnded?: () => boolean;
    watchLoad?: boolean;
    metrics?: Metrics | undefined;
    host?: string;
  }) {
    const { baseUrl, apiKey, limiter, hasEnded = () => false, watchLoad = false, metrics = NO_METRICS } = options;
    this.baseUrl = baseUrl;
    this.limiter = limiter;
    this.#hasEnded = hasEnded;
    this.#transport = new Transport(baseUrl, apiKey);
    this.#metrics = metrics;
    this.#host = options.host ?? new URL(baseUrl).host;
    this.#watch = watchLoad ? new LoadWatch(baseUrl, (load) => limiter.load(load)) : null;
  }

  /** What the engine serves. */
  async models(signal: AbortSignal, deadline = 10_000): Promise<ListedModel[]> {
    const models = await this.#transport.get('/models', { signal, deadline: () => deadline });
    const list = (models as { data?: unknown } | null)?.data;
    if (!Array.isArray(list)) throw new OddAnswer(`no list of models: ${snippet(models)}`);
    return list;
  }

  /**
   * @throws Failure EngineUnavailable, Unauthorized, ModelNotFound, BadRequest or QuotaExhausted; the signal's reason when aborted.
   * Waits for room in the limiter first.
   * @param elsewhere whether another engine would answer: then one that can't be reached or asks to wait is Unreachable, at once
   */
  async generate(
    request: GenerationRequest,
    signal: AbortSignal,
    elsewhere: () => boolean = () => false,
  ): Promise<GenerationResult> {
    let failingSince: number | null = null;
    let sameFailures = 0;
    /** Not its message: that may have an ID in it, or a time. */
    let lastFailure: unknown;
    let answersThen: number | undefined;
    for (let attempt = 0; ; attempt++) {
      const round = await this.limiter.acquire(request.n, signal);
      let wait: number;
      try {
        const result = await this.#traced(attempt, () => this.#ask(request, signal));
        this.#answers.set(request.model, (this.#answers.get(request.model) ?? 0) + 1);
        this.limiter.succeeded(request.n, tokensOf(result));
        this.waitingFor = null;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        const failed = classify(error);
        this.#metrics.add('critique_loop_request_failures', 1, { host: this.#host, kind: failed.kind });
        if (failed.kind === 'row') return unanswered(request.n, failed.finishReason, failed.message);
        if (failed.kind === 'run')
          throw new Failure(failed.type, `${this.baseUrl}: ${failed.message}`, { cause: error });
        if (failed.kind === 'busy') this.limiter.busy(round);
        if (failed.kind === 'failing') {
          const failure = error instanceof HttpError ? error.status : (error as Error).constructor;
          if (failure !== lastFailure) sameFailures = 1;
          else if (this.#answers.get(request.model) !== answersThen || (await this.#greets(request, signal))) {
            sameFailures++;
            // It is this prompt, not the engine.
            failingSince = null;
          }
          lastFailure = failure;
          answersThen = this.#answers.get(request.model);
          const most = error instanceof Overdue ? OVERDUE_TO_GIVE_UP : FAILURES_TO_GIVE_UP;
          if (sameFailures >= most) return unanswered(request.n, 'failed', `${most} times: ${failed.message}`);
        }
        const atOnce = attempt === 0 && error instanceof ConnectionError && error.wasReset;
        const isAway = failed.kind === 'busy' ? failed.retryAfter !== undefined : failed.kind === 'down' && !atOnce;
        if (isAway && elsewhere()) {
          if (failed.retryAfter !== undefined) this.limiter.pause(Date.now() + failed.retryAfter);
          throw new Unreachable(`${this.baseUrl}: ${failed.message}`);
        }
        this.waitingFor = `${this.baseUrl}: ${failed.message}`;
        failingSince ??= Date.now();
        wait = failed.retryAfter ?? (atOnce ? 0 : backoff(attempt));
        if (this.#hasEnded() || Date.now() + wait - failingSince > PATIENCE_MS)
          throw new Failure('EngineUnavailable', this.waitingFor, {
            cause: error,
            ...(failed.retryAfter !== undefined && { retryAfter: failed.retryAfter }),
          });
        if (failed.retryAfter !== undefined) this.limiter.pause(Date.now() + wait);
      } finally {
        this.limiter.release(request.n);
      }
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #traced<T>(attempt: number, ask: () => Promise<T>): Promise<T> {
    const attributes = { 'server.address': this.#host, 'http.request.resend_count': attempt };
    return await inSpan('request', { kind: SpanKind.CLIENT, attributes }, async (span) => {
      try {
        const answer = await ask();
        span.setAttribute('http.response.status_code', 200);
        return answer;
      } catch (error) {
        if (error instanceof HttpError) span.setAttribute('http.response.status_code', error.status);
        throw error;
      }
    });
  }

  async #ask(request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult> {
    this.#watch?.look();
    const { model, prompt, n, seed, temperature, maxTokens, stop } = request;
    const isText = typeof prompt === 'string';
    const body = {
      model,
      n,
      seed,
      temperature,
      top_p: 1,
      max_tokens: maxTokens,
      ...(stop.length > 0 && { stop }),
      ...(isText ? { prompt } : { messages: prompt, ...goingOn(prompt) }),
    };
    const began = performance.now();
    const answer = (await this.#transport.post(isText ? '/completions' : '/chat/completions', body, {
      signal,
      deadline: () => this.#deadline.of(maxTokens),
    })) as OpenAiAnswer | null;
    const choices = answer?.choices;
    if (!Array.isArray(choices)) throw new OddAnswer(`an answer without choices: ${snippet(answer)}`);
    if (choices.length !== n) throw new OddAnswer(`${choices.length} choices where ${n} were asked for`);
    const texts = choices.map(readChoice);
    const result = {
      texts,
      promptTokens: answer?.usage?.prompt_tokens ?? 0,
      completionTokens: answer?.usage?.completion_tokens ?? 0,
    };
    this.#deadline.answered(performance.now() - began, tokensOf(result) / n);
    this.#metrics.record('critique_loop_request_seconds', secondsSince(began), { host: this.#host });
    return result;
  }

  /** Whether the engine answers anybody, asked where nobody has been answered lately. */
  async #greets({ model, prompt }: GenerationRequest, signal: AbortSignal): Promise<boolean> {
    const greeting = typeof prompt === 'string' ? 'Hello' : [{ role: 'user' as const, content: 'Hello' }];
    const asked =
      this.#greetings.get(model) ??
      this.#ask({ model, prompt: greeting, n: 1, seed: 0, temperature: 0, maxTokens: 1, stop: [] }, signal)
        .then(() => true)
        .catch(() => false)
        .finally(() => this.#greetings.delete(model));
    this.#greetings.set(model, asked);
    return await asked;
  }
}

/** What is read of a completion, or of a chat's. */
interface OpenAiAnswer {
  choices?: unknown;
  usage?: { prompt_tokens?: number; completion_tokens?: number };
}

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

/** Guessed where the engine does not count. */
const tokensOf = ({ texts, completionTokens }: GenerationResult) =>
  completionTokens || Math.ceil(texts.reduce((sum, { text }) => sum + text.length, 1) / 4);

const snippet = (value: unknown) => String(JSON.stringify(value)).slice(0, 200);

function unanswered(n: number, finishReason: FinishReason, refusal: string): GenerationResult {
  const texts = Array.from({ length: n }, () => ({ text: '', finishReason, refusal }));
  return { texts, promptTokens: 0, completionTokens: 0 };
}

const backoff = (attempt: number) =>
  Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
