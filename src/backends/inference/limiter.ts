import { Concurrency, type EngineLoad } from './concurrency.ts';
import { onAbort } from './on-abort.ts';

/** A round of fewer answers says little about a rate. */
const SMALLEST_ROUND = 16;
const NEARLY = 0.9;

/**
 * How many generations may be in flight towards one engine. It finds out by itself (concurrency.ts), in rounds of as many successes as
 * the limit allows; of refusals one burst counts once.
 */
export class Limiter {
  readonly #concurrency: Concurrency;
  #inFlight = 0;
  #round = 0;
  #succeeded = 0;
  #tokens = 0;
  #began = performance.now();
  #pausedUntil = 0;
  #resuming: NodeJS.Timeout | undefined;
  readonly #waiting: { weight: number; start: (round: number) => void }[] = [];

  constructor(options: { start?: number; most: number }) {
    this.#concurrency = new Concurrency({ start: options.start ?? 64, most: options.most });
  }

  get limit(): number {
    return this.#concurrency.limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the engine has asked everybody to wait. */
  get paused(): boolean {
    return this.#pausedUntil > 0;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Waits for room for `weight` generations and gives the round in which they start, for `busy` to know.
   * A weight above the limit goes when nothing else is in flight.
   */
  async acquire(weight: number, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#fits(weight)) {
      this.#inFlight += weight;
      return this.#round;
    }
    return await new Promise<number>((resolve, reject) => {
      const forget = onAbort(signal, (reason) => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(reason);
        // It may have been the only one without room.
        this.#admit();
      });
      const waiter = {
        weight,
        start: (round: number) => {
          forget();
          resolve(round);
        },
      };
      this.#waiting.push(waiter);
    });
  }

  release(weight: number): void {
    this.#inFlight -= weight;
    this.#admit();
  }

  /** @param tokens that were generated */
  succeeded(weight: number, tokens: number): void {
    this.#succeeded += weight;
    this.#tokens += tokens;
    if (this.#succeeded < Math.max(SMALLEST_ROUND, this.limit)) return;
    const seconds = (performance.now() - this.#began) / 1000;
    // Where there is room that nobody wants the round says nothing.
    const isFull = this.#waiting.length > 0 || this.#inFlight >= NEARLY * this.limit;
    if (isFull) this.#concurrency.round(this.#tokens / seconds);
    this.#begin();
    this.#admit();
  }

  /** @param round of the request that was refused */
  busy(round: number): void {
    if (round !== this.#round) return;
    this.#concurrency.busy();
    this.#begin();
  }

  load(load: EngineLoad): void {
    if (this.#concurrency.load(load)) this.#begin();
  }

  /** Nothing starts before then: the engine has asked everybody to wait. @param until in milliseconds since the epoch */
  pause(until: number): void {
    if (until <= this.#pausedUntil) return;
    this.#pausedUntil = until;
    clearTimeout(this.#resuming);
    this.#resuming = setTimeout(() => {
      // Not by the clock again: a timer may be a millisecond before it.
      this.#pausedUntil = 0;
      this.#admit();
    }, until - Date.now()).unref();
  }

  #begin(): void {
    this.#round++;
    this.#succeeded = 0;
    this.#tokens = 0;
    this.#began = performance.now();
  }

  #fits(weight: number): boolean {
    if (this.paused) return false;
    return this.#inFlight === 0 || this.#inFlight + weight <= this.limit;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inFlight += next.weight;
      next.start(this.#round);
    }
  }
}
