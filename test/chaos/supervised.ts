import { setTimeout as sleep } from 'node:timers/promises';

const TRY_AGAIN_MS = 500;

/** A process that is started again whenever it ends, as a supervisor does: after a kill, or where it can't start yet. */
export class Supervised<P extends { pid: number }> {
  readonly name: string;
  /** How often it ended by itself. */
  crashes = 0;
  readonly #start: () => Promise<P>;
  readonly #kill: (process: P) => Promise<void>;
  #up: Promise<P>;
  #ended = false;

  /** @param options.start of a process, by itself or again @param options.kill by -9, until it is gone */
  constructor(name: string, options: { start: () => Promise<P>; kill: (process: P) => Promise<void> }) {
    this.name = name;
    this.#start = options.start;
    this.#kill = options.kill;
    this.#up = this.#start();
  }

  /** The process, once it is up. */
  async up(): Promise<P> {
    return await this.#up;
  }

  /** Kills it and starts it again after `downMs`. Gives the moment at which it was gone, and of its return. */
  async kill(downMs: number): Promise<{ at: number; up: Promise<number> }> {
    const process = await this.#up;
    const gone = this.#kill(process);
    const at = Date.now();
    this.#up = gone.then(() => sleep(downMs)).then(() => this.#again());
    await gone;
    const up = this.#up.then(() => Date.now());
    // Nobody may be waiting when all is over.
    up.catch(() => {});
    return { at, up };
  }

  /** It ended, and nobody had asked it to. */
  crashed(): void {
    if (this.#ended) return;
    this.crashes++;
    this.#up = this.#again();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#up.then(this.#kill, () => {});
  }

  async #again(): Promise<P> {
    for (;;) {
      try {
        return await this.#start();
      } catch (error) {
        if (this.#ended) throw error;
        await sleep(TRY_AGAIN_MS);
      }
    }
  }
}
