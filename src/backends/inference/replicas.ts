import { Failure } from '../failures.ts';
import type { GenerationRequest, GenerationResult } from './client.ts';
import type { ModelClient } from './engine.ts';
import { Unreachable } from './errors.ts';
import { onAbort } from './on-abort.ts';
import type { FindName, Replica } from './replica.ts';

/** How often replicas are looked at while any is asked. */
const CHECK_EVERY_MS = 3_000;
/** How long a look may take. */
const CHECK_DEADLINE_MS = 10_000;
/** A request that so many replicas have failed, one after the other, is left to Temporal. */
const MOST_MOVES = 10;

interface Waiter {
  find: FindName;
  weight: number;
  start: (replica: Replica) => void;
}

/**
 * Several servers that are asked as one: a request goes to the one with the most room, of those that answer and serve its model. One that
 * can't be reached is left out until it answers again, and what it had goes to the others; it is no failure. Where all of them are out
 * they are waited for as one is.
 */
export class Replicas {
  readonly all: readonly Replica[];
  readonly #every: number;
  readonly #deadline: number;
  readonly #waiting: Waiter[] = [];
  #asked = 0;
  #checking: NodeJS.Timeout | undefined;

  constructor(all: readonly Replica[], options: { everyMs?: number; deadlineMs?: number } = {}) {
    this.all = all;
    this.#every = options.everyMs ?? CHECK_EVERY_MS;
    this.#deadline = options.deadlineMs ?? CHECK_DEADLINE_MS;
  }

  /** What a model is asked through, whatever each of them calls it. */
  clientFor(find: FindName): ModelClient {
    const limiters = () => this.#candidates(find).map(({ client }) => client.limiter);
    const waiting = () => this.#waiting.length;
    const waitingFor = () => this.#waitingFor(find);
    return {
      generate: (request, signal) => this.#generate(find, request, signal),
      limiter: {
        get limit() {
          return limiters().reduce((sum, { limit }) => sum + limit, 0);
        },
        get waiting() {
          return limiters().reduce((sum, limiter) => sum + limiter.waiting, waiting());
        },
      },
      get waitingFor() {
        return waitingFor();
      },
    };
  }

  async #generate(find: FindName, request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult> {
    this.#asked++;
    this.#checking ??= setInterval(() => this.#check(), this.#every);
    try {
      for (let moves = 0; ; moves++) {
        const replica = await this.#admission(find, request.n, signal);
        const elsewhere = () => this.#answers(find, replica);
        try {
          const model = replica.nameOf(find) ?? request.model;
          return await replica.generate({ ...request, model }, signal, elsewhere);
        } catch (error) {
          signal.throwIfAborted();
          const moved = isOfReplica(error);
          if (moved) replica.trouble = error.message;
          if (moved && moves < MOST_MOVES && (error instanceof Unreachable || elsewhere())) continue;
          throw error instanceof Unreachable
            ? new Failure('EngineUnavailable', error.message, { cause: error })
            : error;
        } finally {
          replica.load -= request.n;
          this.#admit();
        }
      }
    } finally {
      this.#asked--;
      if (this.#asked === 0) {
        clearInterval(this.#checking);
        this.#checking = undefined;
      }
    }
  }

  /** Waits for room at one of them. */
  async #admission(find: FindName, weight: number, signal: AbortSignal): Promise<Replica> {
    signal.throwIfAborted();
    return await new Promise<Replica>((resolve, reject) => {
      const forget = onAbort(signal, (reason) => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(reason);
        this.#admit();
      });
      const waiter: Waiter = {
        find,
        weight,
        start: (replica) => {
          forget();
          resolve(replica);
        },
      };
      this.#waiting.push(waiter);
      this.#admit();
    });
  }

  /** In the order in which they came; nobody overtakes one who waits for the same replica. */
  #admit(): void {
    const awaited = new Set<Replica>();
    for (let i = 0; i < this.#waiting.length && awaited.size < this.all.length; ) {
      const { find, weight, start } = this.#waiting[i]!;
      const candidates = this.#candidates(find);
      const replica = roomiest(candidates.filter((one) => !awaited.has(one) && one.fits(weight)));
      if (replica) {
        this.#waiting.splice(i, 1);
        replica.load += weight;
        start(replica);
      } else {
        for (const one of candidates) awaited.add(one);
        i++;
      }
    }
  }

  /** Those that answer and serve the model; where there is none, those that may be the next to do so. */
  #candidates(find: FindName): readonly Replica[] {
    const serving = this.all.filter((replica) => replica.nameOf(find) !== undefined);
    const hopes = [
      serving.filter(({ answers }) => answers),
      serving.filter(({ trouble }) => trouble === null),
      serving,
    ];
    return hopes.find((replicas) => replicas.length > 0) ?? this.all;
  }

  /** Whether another one answers and serves the model. */
  #answers(find: FindName, but: Replica): boolean {
    return this.all.some((one) => one !== but && one.answers && one.nameOf(find) !== undefined);
  }

  #check(): void {
    for (const replica of this.all)
      void replica.check(this.#deadline).then(() => {
        const someAnswer = this.all.some(({ answers }) => answers);
        for (const one of this.all) if (one.isLost && someAnswer) one.giveAway();
        this.#admit();
      });
  }

  #waitingFor(find: FindName): string | null {
    const reasons = this.all.map((replica) => {
      const { trouble, client } = replica;
      if (trouble !== null) return trouble;
      return replica.nameOf(find) === undefined ? `${client.baseUrl} does not serve the model` : client.waitingFor;
    });
    return reasons.filter((reason) => reason !== null).join('; ') || null;
  }
}

/** Whether it is the server that fails, and not the request or the run. */
const isOfReplica = (error: unknown): error is Error =>
  error instanceof Unreachable ||
  (error instanceof Failure && (error.type === 'EngineUnavailable' || error.type === 'ModelNotFound'));

const roomiest = (replicas: Replica[]): Replica | undefined => replicas.sort((a, b) => b.room - a.room)[0];
