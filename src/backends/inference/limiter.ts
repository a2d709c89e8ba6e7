/**
 * How many generations may be in flight towards one engine. It finds out by itself: every time as many have
 * succeeded as the limit allows, the limit grows by half; when the engine says that it is busy, it shrinks by a fifth
 * (additive-increase style control; at most once per round, so that one burst of refusals counts once).
 */
export class Limiter {
  #limit: number;
  readonly #most: number;
  #inFlight = 0;
  #succeeded = 0;
  #round = 0;
  readonly #waiting: { weight: number; start: (round: number) => void }[] = [];

  constructor(options: { start?: number; most: number }) {
    this.#most = options.most;
    this.#limit = Math.min(options.start ?? 64, options.most);
  }

  get limit(): number {
    return this.#limit;
  }

  get inFlight(): number {
    return this.#inFlight;
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
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
        // It may have been the only one without room.
        this.#admit();
      };
      const waiter = {
        weight,
        start: (round: number) => {
          signal.removeEventListener('abort', abort);
          resolve(round);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  release(weight: number): void {
    this.#inFlight -= weight;
    this.#admit();
  }

  succeeded(weight: number): void {
    this.#succeeded += weight;
    if (this.#succeeded < this.#limit) return;
    this.#succeeded = 0;
    this.#round++;
    this.#limit = Math.min(this.#most, Math.ceil(this.#limit * 1.5));
    this.#admit();
  }

  /** @param round of the request that was refused */
  busy(round: number): void {
    if (round !== this.#round) return;
    this.#succeeded = 0;
    this.#round++;
    this.#limit = Math.max(1, Math.floor(this.#limit * 0.8));
  }

  #fits(weight: number): boolean {
    return this.#inFlight === 0 || this.#inFlight + weight <= this.#limit;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inFlight += next.weight;
      next.start(this.#round);
    }
  }
}
