/** A step up is kept where it brings this share of what it would bring below the knee. */
const WORTH = 1 / 3;
/** Rounds at a limit before a higher one is tried. */
const HOLD = 6;
/** The same where the engine's metrics say that nothing waits. */
const HOLD_WITHOUT_QUEUE = 2;
const STEP = 1.25;
const SHRINK = 0.8;
/** Share of the running requests that may wait in the engine, so that it never starves. */
const QUEUE = 0.1;

/** What an engine says about itself in `/metrics`. */
export interface EngineLoad {
  running: number;
  waiting: number;
  /** Generations that lost their memory to others and begin again, since it started. */
  preemptions: number;
}

/**
 * The limit on generations in flight, found from how many tokens a second each limit brings. It doubles while that helps, then holds where
 * it stopped helping, and tries a quarter more now and then. It shrinks by a fifth where the engine refuses, preempts or lets many wait.
 */
export class Concurrency {
  #limit: number;
  readonly #most: number;
  /** What the last step up is compared with; null until a round at this limit is over. */
  #before: { limit: number; rate: number; rounds: number; enough: number } | null = null;
  #holding = 0;
  /** Below half of this, steps double. */
  #known: number;
  #load: EngineLoad | null = null;
  #wasQueueing = false;

  constructor(options: { start: number; most: number }) {
    this.#most = options.most;
    this.#limit = Math.min(options.start, options.most);
    this.#known = Number.POSITIVE_INFINITY;
  }

  get limit(): number {
    return this.#limit;
  }

  /** @param rate tokens a second while as many were in flight as the limit allows */
  round(rate: number): void {
    if (this.#holding > 0) {
      this.#holding--;
      const { rate: mean, rounds } = this.#before ?? { rate: 0, rounds: 0 };
      const of = rounds + 1;
      this.#before = { limit: this.#limit, rate: mean + (rate - mean) / of, rounds: of, enough: this.#limit };
      if (this.#holding === 0) this.#grow();
      return;
    }
    const before = this.#before;
    if (before && rate / before.rate - 1 < WORTH * (this.#limit / before.limit - 1)) {
      this.#hold(before.enough);
      return;
    }
    // Below the knee the rate goes with the limit; past it the limit that it would have gone with is enough.
    const needed = before ? Math.ceil(before.limit * (rate / before.rate) * 1.1) : this.#limit;
    this.#before = { limit: this.#limit, rate, rounds: 1, enough: Math.min(this.#limit, needed) };
    this.#grow();
  }

  /** The engine refused. */
  busy(): void {
    this.#known = Math.min(this.#known, this.#limit);
    this.#hold(Math.max(1, Math.floor(this.#limit * SHRINK)));
  }

  /** @returns whether the limit shrank: many wait, twice in succession, or some were preempted since the last time */
  load(load: EngineLoad): boolean {
    const preempted = this.#load !== null && load.preemptions > this.#load.preemptions;
    const isQueueing = load.waiting > Math.max(1, QUEUE * load.running);
    const shrinks = preempted || (isQueueing && this.#wasQueueing);
    this.#load = load;
    this.#wasQueueing = isQueueing && !shrinks;
    if (shrinks) this.busy();
    else if (load.waiting === 0) this.#holding = Math.min(this.#holding, HOLD_WITHOUT_QUEUE);
    return shrinks;
  }

  #hold(limit: number): void {
    if (limit < this.#limit) this.#known = Math.min(this.#known, this.#limit);
    this.#limit = limit;
    this.#before = null;
    this.#holding = HOLD;
  }

  #grow(): void {
    const step = this.#limit * 2 < this.#known ? 2 : STEP;
    this.#limit = Math.min(this.#most, Math.ceil(this.#limit * step));
  }
}
