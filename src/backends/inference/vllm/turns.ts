import { onAbort } from '../on-abort.ts';

interface Waiter {
  start(): void;
  fail(error: unknown): void;
}

/**
 * Whose turn it is where only one can have what they ask for at a time: a model, on the GPU. Any number of requests of one key share its
 * turn. It keeps it while it has requests; where others wait, it gives way once none of its own is in flight, or after a quantum: then
 * its further requests wait, too, behind those who came before them.
 */
export class Turns {
  readonly #begin: (key: string) => Promise<void>;
  readonly #quantumMs: number;
  /** By key, in the order in which the keys began to wait. */
  readonly #waiting = new Map<string, Waiter[]>();
  #current: string | null = null;
  #isReady = false;
  #inFlight = 0;
  #isOver = false;
  #quantum: NodeJS.Timeout | undefined;
  #began = 0;

  /** @param options.begin makes ready for a key's turn; where it fails all fail who wait for that turn */
  constructor(options: { begin: (key: string) => Promise<void>; quantumMs: number }) {
    this.#begin = options.begin;
    this.#quantumMs = options.quantumMs;
  }

  /** Whose turn it is, or is about to be; the last one's where nobody asks. */
  get current(): string | null {
    return this.#current;
  }

  /** Waits for the key's turn. @returns what to call when done with it */
  async enter(key: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#admits(key)) this.#inFlight++;
    else await this.#wait(key, signal);
    return () => {
      this.#inFlight--;
      this.#settle();
    };
  }

  async #wait(key: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const waiters = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, waiters);
      const forget = onAbort(signal, (reason) => {
        waiters.splice(waiters.indexOf(waiter), 1);
        if (waiters.length === 0 && this.#waiting.get(key) === waiters) this.#waiting.delete(key);
        reject(reason);
        this.#settle();
      });
      const waiter: Waiter = {
        start: () => {
          forget();
          this.#inFlight++;
          resolve();
        },
        fail: (error) => {
          forget();
          reject(error);
        },
      };
      waiters.push(waiter);
      this.#settle();
    });
  }

  #admits(key: string): boolean {
    return key === this.#current && this.#isReady && !(this.#isOver && this.#hasOthers());
  }

  #hasOthers(): boolean {
    return this.#waiting.size > (this.#current !== null && this.#waiting.has(this.#current) ? 1 : 0);
  }

  /** Does what is due after any change. */
  #settle(): void {
    if (this.#current !== null && !this.#isReady) return;
    if (!this.#hasOthers()) {
      if (this.#current !== null) this.#admit(this.#current);
      return;
    }
    if (this.#inFlight === 0) this.#next();
    else this.#quantum ??= setTimeout(() => this.#end(), this.#began + this.#quantumMs - performance.now());
  }

  #end(): void {
    this.#quantum = undefined;
    this.#isOver = true;
    this.#settle();
  }

  #next(): void {
    const [key] = this.#waiting.keys();
    clearTimeout(this.#quantum);
    this.#quantum = undefined;
    this.#current = key!;
    this.#isReady = false;
    this.#isOver = false;
    this.#begin(key!).then(
      () => {
        this.#isReady = true;
        this.#began = performance.now();
        this.#admit(key!);
        this.#settle();
      },
      (error) => {
        this.#current = null;
        const waiters = this.#waiting.get(key!) ?? [];
        this.#waiting.delete(key!);
        for (const waiter of waiters) waiter.fail(error);
        this.#settle();
      },
    );
  }

  #admit(key: string): void {
    const waiters = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const waiter of waiters) waiter.start();
  }
}
