import { setMaxListeners } from 'node:events';
import type { GenerationRequest, GenerationResult, InferenceClient, ListedModel } from './client.ts';
import { classify, Overdue, Unreachable } from './errors.ts';

/** Finds the name of a model among those that a server lists. */
export type FindName = (models: readonly ListedModel[]) => string | undefined;

/** So many checks in succession that get no answer, and what is in flight is lost. */
const MISSES_TO_LOSE = 3;

/** One of several servers that may answer the same requests: what it serves, and whether it answers. */
export class Replica {
  readonly client: InferenceClient;
  /** Why nothing is sent to it; null while it answers. */
  trouble: string | null;
  /** Generations that it was given and that have not ended, also those that wait to be tried again. */
  load = 0;
  #models: readonly ListedModel[] = [];
  #names = new WeakMap<FindName, { name: string | undefined }>();
  #isChecking = false;
  #misses = 0;
  #giving = new AbortController();
  #signals = new WeakMap<AbortSignal, AbortSignal>();

  constructor(client: InferenceClient) {
    this.client = client;
    this.trouble = `${client.baseUrl} has yet to list its models`;
  }

  /** What it calls a model; undefined where it does not serve it. */
  nameOf(find: FindName): string | undefined {
    const known = this.#names.get(find);
    if (known) return known.name;
    const name = find(this.#models);
    this.#names.set(find, { name });
    return name;
  }

  /** Whether it would answer now. */
  get answers(): boolean {
    return this.trouble === null && !this.client.limiter.paused;
  }

  /** Generations that it has room for. */
  get room(): number {
    return this.client.limiter.limit - this.load;
  }

  fits(weight: number): boolean {
    return this.load === 0 || weight <= this.room;
  }

  /** @throws what the client does */
  async list(signal: AbortSignal, deadline?: number): Promise<readonly ListedModel[]> {
    try {
      this.#models = await this.client.models(signal, deadline);
    } catch (error) {
      if (this.trouble !== null && !signal.aborted) this.trouble = this.#say(error);
      throw error;
    }
    this.#names = new WeakMap();
    this.trouble = null;
    this.#misses = 0;
    return this.#models;
  }

  /** Sees whether it answers, which one that is left out may do again. */
  async check(deadline: number): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      await this.list(new AbortController().signal, deadline);
    } catch (error) {
      // Who answers with an error is there.
      this.#misses = error instanceof Overdue || classify(error).kind === 'down' ? this.#misses + 1 : 0;
      if (this.isLost) this.trouble = this.#say(error);
    } finally {
      this.#isChecking = false;
    }
  }

  /** Whether it has answered nothing for so long that what is in flight will not be answered either. */
  get isLost(): boolean {
    return this.#misses >= MISSES_TO_LOSE;
  }

  /** Ends what is in flight, for others to answer. */
  giveAway(): void {
    const giving = this.#giving;
    this.#giving = new AbortController();
    this.#signals = new WeakMap();
    giving.abort(new Unreachable(this.trouble!));
  }

  /** @throws what the client does, and Unreachable where it gives the request away */
  async generate(request: GenerationRequest, signal: AbortSignal, elsewhere: () => boolean): Promise<GenerationResult> {
    return await this.client.generate(request, this.#orGivenAway(signal), elsewhere);
  }

  #say(error: unknown): string {
    return `${this.client.baseUrl}: ${(error as Error).message}`;
  }

  /** One for all requests of a signal. */
  #orGivenAway(signal: AbortSignal): AbortSignal {
    const known = this.#signals.get(signal);
    if (known) return known;
    const either = AbortSignal.any([signal, this.#giving.signal]);
    setMaxListeners(Number.POSITIVE_INFINITY, either);
    this.#signals.set(signal, either);
    return either;
  }
}
