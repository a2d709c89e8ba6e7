import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failures.ts';
import { hasEnded } from '../has-ended.ts';
import { trainerFile } from '../package.ts';
import { SUBMITTED } from './job-folder.ts';
import type { Place, PlaceStatus, Work } from './place.ts';
import { endAll, readTrainer, runningTrainer } from './process.ts';
import { SpareTrainer } from './spare.ts';

/** train.py's exit code where another process trains in the same folder. */
const HELD_BY_ANOTHER = 3;
/** A killed trainer is a zombie before the last of its threads lets go of the folder's lock. */
const LOCK_TRIES = 10;
const LOCK_RETRY_MS = 300;

/** train.py on this machine, in a process of its own that outlives a killed worker and is adopted by the next. */
export class TrlHere implements Place {
  readonly isElsewhere = false;
  readonly onGpu: boolean;
  readonly #python: () => Promise<string>;
  readonly #gpuLocks: readonly string[];
  readonly #spare: SpareTrainer | null;

  /** `gpuLocks`: a file for each GPU that may be used, held while it is. With any, a trainer is kept ready: a GPU should not wait for imports. */
  constructor({ python, gpuLocks = [] }: { python: () => Promise<string>; gpuLocks?: readonly string[] }) {
    this.#python = python;
    this.#gpuLocks = gpuLocks;
    this.onGpu = gpuLocks.length > 0;
    this.#spare = this.onGpu ? new SpareTrainer(python) : null;
  }

  async start(work: Work): Promise<void> {
    for (let tries = 1; ; tries++) {
      const code = await this.#startOnce(work);
      if (code !== HELD_BY_ANOTHER || tries === LOCK_TRIES || (await runningTrainer(work.folder))) return;
      await sleep(LOCK_RETRY_MS);
    }
  }

  async look(folder: string): Promise<PlaceStatus> {
    return { state: (await runningTrainer(folder)) ? 'running' : 'absent' };
  }

  async end(folder: string): Promise<void> {
    await endAll(async () => [await runningTrainer(folder)].flatMap((trainer) => trainer?.pid ?? []));
  }

  /** Gives the exit code where the trainer has ended already, and otherwise null. */
  async #startOnce({ folder, processes }: Work): Promise<number | null> {
    const log = await open(join(folder, 'log'), 'a');
    try {
      await log.write(SUBMITTED);
      const file = join(folder, 'job.json');
      const locks = this.#gpuLocks.slice(0, processes);
      const child = this.#spare?.give(file, locks) ?? (await this.#spawn(file, locks, log.fd));
      // It writes its pid once it holds the folder's lock; where another one holds it, that one is adopted.
      while (!hasEnded(child) && (await readTrainer(folder))?.pid !== child.pid) await sleep(50);
      return child.exitCode;
    } finally {
      await log.close();
    }
  }

  async #spawn(file: string, locks: string[], log: number): Promise<ChildProcess> {
    const args = [trainerFile('train.py'), file, ...locks.flatMap((lock) => ['--gpu-lock', lock])];
    const child = spawn(await this.#python(), args, { detached: true, stdio: ['ignore', log, log] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new Failure('TrainerUnavailable', `the trainer can't be started: ${error.message}`, { cause: error })),
      );
    });
    child.unref();
    return child;
  }
}
