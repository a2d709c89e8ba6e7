import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../package.ts';
import { type Lane, LaneDied, Lanes } from './lanes.ts';
import { type Done, PROGRESS } from './serve.ts';
import type { Answer, GradingTask } from './tasks.ts';

/** Compiled: Node's threads load no TypeScript. */
const ENTRY = join(packageRoot, 'dist', 'backends', 'grading', 'thread.js');
const MOST_THREADS = 4;
/** Longest that a thread may be at one step of a task. Grading bounds its own work far below: this is for its mistakes. */
const LIMIT_MS = 1_000;
/** Looks within that time. Not one clock: a process that was itself held up would blame the task. */
const LOOKS = 4;
const MEMORY_MB = 256;
/** Of what is mostly short-lived; V8's own choice is several times as much, and each thread keeps it. */
const YOUNG_MB = 8;
/** Tasks in one message: a message takes as long as several easy tasks. */
const BATCH = 32;

/**
 * Grades in threads beside the event loop. A task that never ends, or takes its thread down, is answered with `failed`; the others
 * are not harmed. Idle threads do not keep the process.
 */
export class GradingThreads {
  readonly #lanes: Lanes<GradingTask, Done<Answer<GradingTask>>>;

  /** @param options.entry module of the thread, one that calls `serve` */
  constructor(options: { threads?: number; entry?: string; limitMs?: number } = {}) {
    const { threads = Math.min(availableParallelism(), MOST_THREADS), entry = ENTRY, limitMs = LIMIT_MS } = options;
    this.#lanes = new Lanes({ most: threads, batch: BATCH, start: () => Thread.start(entry, limitMs) });
  }

  /** What became of each task, in their order. @throws Error where threads can't be started at all, or are closed */
  async run<Task extends GradingTask>(tasks: readonly Task[]): Promise<Done<Answer<Task>>[]> {
    const done = tasks.map((task) =>
      this.#lanes.run(task).catch((error) => {
        if (error instanceof ThreadDied) return { failed: error.failed, ms: error.ms };
        throw error;
      }),
    );
    return (await Promise.all(done)) as Done<Answer<Task>>[];
  }

  async close(): Promise<void> {
    await this.#lanes.close();
  }
}

class ThreadDied extends LaneDied {
  readonly failed: 'killed' | 'crashed';
  /** Since its batch began. */
  readonly ms: number;

  constructor(failed: 'killed' | 'crashed', at: number, ms: number) {
    super(`the grading thread was ${failed}`, at);
    this.failed = failed;
    this.ms = ms;
  }
}

class Thread<Task, Answer> implements Lane<Task, Done<Answer>> {
  alive = true;
  readonly #worker: Worker;
  readonly #progress: Int32Array;
  readonly #limitMs: number;

  private constructor(worker: Worker, progress: Int32Array, limitMs: number) {
    this.#worker = worker;
    this.#progress = progress;
    this.#limitMs = limitMs;
    worker.once('exit', () => {
      this.alive = false;
    });
    // The exit that follows says enough.
    worker.on('error', () => {});
    worker.unref();
  }

  static async start<Task, Answer>(entry: string, limitMs: number): Promise<Thread<Task, Answer>> {
    const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(entry, {
      workerData: shared,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const ended = once(worker, 'exit').then(() => Promise.reject(new Error('it ended')));
    await Promise.race([once(worker, 'message'), ended]).catch((error: Error) => {
      throw new Error(`the grading thread ${entry} can't be started: ${error.message}`, { cause: error });
    });
    return new Thread(worker, new Int32Array(shared), limitMs);
  }

  async run(batch: Task[]): Promise<Done<Answer>[]> {
    const worker = this.#worker;
    const started = performance.now();
    worker.ref();
    return await new Promise((resolve, reject) => {
      const end = () => {
        clearInterval(watch);
        worker.off('message', finished).off('exit', crashed).unref();
      };
      const finished = (done: Done<Answer>[]) => {
        end();
        resolve(done);
      };
      const died = (failed: 'killed' | 'crashed') => {
        end();
        reject(new ThreadDied(failed, Atomics.load(this.#progress, PROGRESS.task), performance.now() - started));
      };
      const crashed = () => died('crashed');
      const watch = this.#watch(() => died('killed'));
      worker.on('message', finished).on('exit', crashed);
      worker.postMessage(batch);
    });
  }

  async close(): Promise<void> {
    this.alive = false;
    this.#worker.ref();
    await this.#worker.terminate();
  }

  /** Calls `late` once the thread was at the same step at every look of the limit. */
  #watch(late: () => void): NodeJS.Timeout {
    let seen = Number.NaN;
    let looks = 0;
    return setInterval(() => {
      const steps = Atomics.load(this.#progress, PROGRESS.steps);
      const working = Atomics.load(this.#progress, PROGRESS.task) >= 0;
      looks = working && steps === seen ? looks + 1 : 0;
      seen = steps;
      if (looks === LOOKS) late();
    }, this.#limitMs / LOOKS);
  }
}
