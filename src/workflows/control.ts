import { CancellationScope, condition, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { show } from '../method/show.ts';
import { pauseSignal, resumeSignal, type StopRequest, stopSignal } from './contract.ts';
import { mistakeInStop } from './requests.ts';
import { Warnings } from './warnings.ts';

/** What to pass on to whoever is running below us. */
export type Message = { name: 'stop'; request: StopRequest } | { name: 'pause' } | { name: 'resume' };

/** What people asked of a run, and the scope of what it is doing: the part that runs and their children share. */
export class Control {
  stop: StopRequest | null;
  paused: boolean;
  readonly warnings: Warnings;
  readonly #forward: (message: Message) => void;
  #scope: CancellationScope | null = null;
  #interrupted = false;

  /** Sets the handlers, so it comes before the first await of a workflow. */
  constructor(
    state: { stop: StopRequest | null; paused: boolean; warnings?: readonly string[] },
    forward: (message: Message) => void = () => {},
  ) {
    this.stop = state.stop;
    this.paused = state.paused;
    this.warnings = new Warnings(state.warnings);
    this.#forward = forward;
    setHandler(stopSignal, (request) => this.#hearStop(request), {
      description: 'Ends the run early with everything so far usable: {"mode":"drain"|"now","reason":"..."}',
    });
    setHandler(pauseSignal, () => void this.pause(), {
      description: 'Cancels what runs, keeps its rows, starts nothing',
    });
    setHandler(resumeSignal, () => void this.resume(), { description: 'Goes on from those rows after "pause"' });
    setDefaultSignalHandler((name) => {
      const update = name === 'extend' ? '; "extend" is an update' : '';
      this.warnings.add(`signal ${show(name)}: not known, expected "stop", "pause" or "resume"${update}`);
    });
  }

  /** Nobody checks a signal before it is here: what is not understood drains, and says so. */
  #hearStop(request: unknown): void {
    const mistake = mistakeInStop(request);
    if (mistake) this.warnings.add(`signal "stop": ${mistake}; the running stage is finished, then the run ends`);
    this.requestStop(readStop(request));
  }

  /** Idempotent; `now` after `drain` sharpens it, never the other way round. Gives what will happen. */
  requestStop(request: StopRequest): string {
    if (this.stop === null || (request.mode === 'now' && this.stop.mode === 'drain')) {
      this.stop = { ...this.stop, ...request };
      this.#forward({ name: 'stop', request: this.stop });
      if (this.stop.mode === 'now') this.#interrupt();
    }
    return this.stop.mode === 'now'
      ? 'stopping now: the running stage is cancelled and its finished rows are kept'
      : 'stopping: the running stage is finished first';
  }

  /** Idempotent; a run that is stopping finishes its stage. Gives what will happen. */
  pause(): string {
    if (this.stop) return 'the run is stopping, and ends by itself';
    if (this.paused) return 'already paused';
    this.paused = true;
    this.#forward({ name: 'pause' });
    this.#interrupt();
    return 'pausing: what runs is cancelled and its finished rows are kept';
  }

  /** Idempotent. Gives what will happen. */
  resume(): string {
    if (this.stop) return 'the run is stopping, and ends by itself';
    if (!this.paused) return 'not paused';
    this.paused = false;
    this.#forward({ name: 'resume' });
    return 'going on from the finished rows';
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

/** A reason is for people to read, and goes into every result. */
const LONGEST_REASON = 1000;

/** What can be understood of it. */
export function readStop(request: unknown): StopRequest {
  const { mode, reason } = (request ?? {}) as { mode?: unknown; reason?: unknown };
  return {
    mode: mode === 'now' ? 'now' : 'drain',
    ...(typeof reason === 'string' && { reason: reason.slice(0, LONGEST_REASON) }),
  };
}
