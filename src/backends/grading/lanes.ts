/** What works on one batch of tasks at a time and may have to be killed for it: a thread or a process. */
export interface Lane<Task, Answer> {
  /** False once it has died, at work or idle. */
  readonly alive: boolean;
  /** An answer to each task. @throws LaneDied where it died of the batch or has to be killed for it */
  run(batch: Task[]): Promise<Answer[]>;
  /** Kills it, whatever it does. */
  close(): Promise<void>;
}

export class LaneDied extends Error {
  /** Place in the batch of the task that it died of; -1: nobody knows. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export interface LanesOptions<Task, Answer> {
  /** Lanes side by side. */
  most: number;
  /** Tasks in one batch. */
  batch: number;
  start: () => Promise<Lane<Task, Answer>>;
}

interface Waiting<Task, Answer> {
  task: Task;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Lanes that take tasks in the order in which they come. They are started when there is work for them, and replaced when they fail: the
 * task at which one failed is not tried again, the others of its batch are next in line.
 */
export class Lanes<Task, Answer> {
  readonly #options: LanesOptions<Task, Answer>;
  readonly #lanes = new Set<Lane<Task, Answer>>();
  readonly #idle: Lane<Task, Answer>[] = [];
  readonly #queue: Waiting<Task, Answer>[] = [];
  #starting = 0;
  #dealing = false;
  #closed = false;

  constructor(options: LanesOptions<Task, Answer>) {
    this.#options = options;
  }

  /**
   * @throws LaneDied for the task that a lane died of; where not one lane can be started, why; the signal's reason when aborted, which
   * ends the waiting but no work.
   */
  async run(task: Task, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    if (this.#closed) throw new Error('closed');
    return await new Promise<Answer>((resolve, reject) => {
      const abort = () => {
        const place = this.#queue.indexOf(waiting);
        if (place >= 0) this.#queue.splice(place, 1);
        reject(signal!.reason);
      };
      const settled = () => signal?.removeEventListener('abort', abort);
      const waiting: Waiting<Task, Answer> = {
        task,
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(waiting);
      this.#dealSoon();
    });
  }

  /** Ends every lane, at work or not. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new Error('closed'));
    await Promise.all([...this.#lanes].map((lane) => lane.close()));
  }

  /** What comes in one go is dealt in one go. */
  #dealSoon(): void {
    if (this.#dealing) return;
    this.#dealing = true;
    queueMicrotask(() => {
      this.#dealing = false;
      this.#deal();
    });
  }

  #deal(): void {
    const { most, batch } = this.#options;
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const free = most - this.#lanes.size + this.#idle.length;
      const lane = this.#idle.pop()!;
      if (lane.alive)
        void this.#work(lane, this.#queue.splice(0, Math.min(batch, Math.ceil(this.#queue.length / free))));
      else this.#lanes.delete(lane);
    }
    while (this.#starting < this.#queue.length && this.#lanes.size + this.#starting < most) void this.#open();
  }

  async #work(lane: Lane<Task, Answer>, batch: Waiting<Task, Answer>[]): Promise<void> {
    try {
      const answers = await lane.run(batch.map(({ task }) => task));
      this.#idle.push(lane);
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!);
    } catch (error) {
      this.#lanes.delete(lane);
      void lane.close();
      this.#settleDeath(batch, error);
    }
    this.#deal();
  }

  #settleDeath(batch: Waiting<Task, Answer>[], error: unknown): void {
    const at = error instanceof LaneDied && !this.#closed ? error.at : -1;
    const lost = at < 0 ? batch.splice(0) : batch.splice(at, 1);
    for (const { reject } of lost) reject(this.#closed ? new Error('closed') : error);
    this.#queue.unshift(...batch);
  }

  async #open(): Promise<void> {
    this.#starting++;
    try {
      const lane = await this.#options.start();
      this.#starting--;
      if (this.#closed) return await lane.close();
      this.#lanes.add(lane);
      this.#idle.push(lane);
      this.#deal();
    } catch (error) {
      this.#starting--;
      // The lanes that there are go on without it.
      if (this.#lanes.size + this.#starting === 0) for (const { reject } of this.#queue.splice(0)) reject(error);
    }
  }
}
