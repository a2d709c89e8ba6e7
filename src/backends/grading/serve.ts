import { parentPort, workerData } from 'node:worker_threads';

/** What became of one task in a thread. */
export type Done<Answer> =
  /** `ms`: milliseconds that the thread itself spent on it. */
  | { answer: Answer; ms: number }
  /** `killed`: it took too long. `crashed`: the code failed. */
  | { failed: 'killed' | 'crashed'; ms: number };

/** The words that a thread shares with its parent. */
export const PROGRESS = {
  /** Place in its batch of the task that runs; -1 between batches. */
  task: 0,
  /** Counts up with every task, and with every step of a long one: while it does, the thread is not stuck. */
  steps: 1,
} as const;

/** Makes the running thread answer each batch of tasks with one message, and say at every moment which task it is at. */
export function serve<Task, Answer>(perform: (task: Task, alive: () => void) => Answer): void {
  const progress = new Int32Array(workerData as SharedArrayBuffer);
  const at = (task: number) => {
    Atomics.store(progress, PROGRESS.task, task);
    Atomics.add(progress, PROGRESS.steps, 1);
  };
  at(-1);
  parentPort!.on('message', (batch: Task[]) => {
    const done = batch.map((task, place): Done<Answer> => {
      at(place);
      const started = performance.now();
      try {
        return { answer: perform(task, () => at(place)), ms: performance.now() - started };
      } catch {
        return { failed: 'crashed', ms: performance.now() - started };
      }
    });
    at(-1);
    parentPort!.postMessage(done);
  });
  parentPort!.postMessage('ready');
}
