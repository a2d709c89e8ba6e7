import { CancellationScope, condition, log, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { pauseSignal, resumeSignal, type StopRequest, stopSignal } from './contract.ts';

/** What to pass on to whoever is running below us. */
export type Message = { name: 'stop'; request: StopRequest } | { name: 'pause' } | { name: 'resume' };

/** What people asked of a run, and the scope of what it is doing: the part that runs and their children share. */
export class Control {
  stop: StopRequest | null;
  paused: boolean;
  readonly #forward: (message: Message) => void;
  #scope: CancellationScope | null = null;
  #interrupted = false;

  /** Sets the handlers, so it comes before the first await of a workflow. */
  constructor(state: { stop: StopRequest | null; paused: boolean }, forward: (message: Message) => void = () => {}) {
    this.stop = state.stop;
    this.paused = state.paused;
    this.#forward = forward;
    setHandler(stopSignal, (request) => void this.requestStop(request), {
      description: 'Ends the run early with everything so far usable: {"mode":"drain"|"now","reason":"..."}',
    });
    setHandler(pauseSignal, () => this.#pause(true), {
      description: 'Cancels what runs, keeps its rows, starts nothing',
    });
    setHandler(resumeSignal, () => this.#pause(false), { description: 'Goes on from those rows after "pause"' });
    setDefaultSignalHandler((name) => {
      log.warn(`unknown signal "${name}": this workflow knows stop, pause and resume`);
    });
  }

  /** Idempotent; `now` after `drain` sharpens it, never the other way round. Gives what will happen. */
  requestStop(request?: StopRequest | null): string {
    const wanted = readStop(request);
    if (this.stop === null || (wanted.mode === 'now' && this.stop.mode === 'drain')) {
      this.stop = { ...this.stop, ...wanted };
      this.#forward({ name: 'stop', request: this.stop });
      if (this.stop.mode === 'now') this.#interrupt();
    }
    return this.stop.mode === 'now'
      ? 'stopping now: the running stage is cancelled and its finished rows are kept'
      : 'stopping: the running stage is finished first';
  }

  #pause(paused: boolean): void {
    if (this.paused === paused) return;
    this.paused = paused;
    this.#forward({ name: paused ? 'pause' : 'resume' });
    if (paused) this.#interrupt();
  }

  #interrupt(): void {
    this.#interrupted = true;
    this.#scope?.cancel();
  }

  /** Whether it was us who cancelled the running stage, and not somebody who cancelled the workflow; also once we go on. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /**
   * Runs one stage; a stop `now` cancels it for good and a pause until it goes on from its finished rows.
   * Activities answer a cancellation with what they have, so a stopped stage may still give a result;
   * null means that it had nothing to give, or never began. How an interrupted stage fails does not matter:
   * its worker may be gone, and then its cancellation ends in a timeout.
   */
  async stage<T>(work: () => Promise<T>): Promise<T | null> {
    let result: T | null = null;
    for (;;) {
      await condition(() => !this.paused || this.stop !== null);
      if (this.stop) return result;
      const scope = new CancellationScope();
      this.#scope = scope;
      this.#interrupted = false;
      result = await scope.run(work).catch((error) => {
        if (this.#interrupted) return null;
        throw error;
      });
      this.#scope = null;
      if (!scope.consideredCancelled || this.stop) return result;
    }
  }
}

/** Nobody checks a signal before it is here: what is not understood drains, and a reason is a text. */
function readStop(request: unknown): StopRequest {
  const { mode, reason } = (request ?? {}) as { mode?: unknown; reason?: unknown };
  return { mode: mode === 'now' ? 'now' : 'drain', ...(typeof reason === 'string' && { reason }) };
}
