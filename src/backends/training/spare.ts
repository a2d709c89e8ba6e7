import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { hasEnded } from '../has-ended.ts';
import { trainerFile } from '../package.ts';

/**
 * A trainer that has imported its libraries before there is a job for it: they take 5 to 10 seconds. Without a job it ends with
 * this process; with one it outlives it.
 */
export class SpareTrainer {
  readonly #python: () => Promise<string>;
  #child: ChildProcess | null = null;

  constructor(python: () => Promise<string>) {
    this.#python = python;
    void this.#prepare();
  }

  /** Its process, which has been given the job, or null where there is none now. The next one is made ready. */
  give(job: string, gpuLocks: readonly string[]): ChildProcess | null {
    const child = this.#child;
    this.#child = null;
    void this.#prepare();
    if (!child || hasEnded(child)) return null;
    child.stdin!.end(`${JSON.stringify({ job, gpuLocks })}\n`);
    return child;
  }

  /** What fails here fails again, and is told, when a trainer is started for a job. */
  async #prepare(): Promise<void> {
    const python = await this.#python().catch(() => null);
    if (python === null) return;
    const args = [trainerFile('train.py'), `spare-${randomUUID()}`, '--spare'];
    const child = spawn(python, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('spawn', () => {
      this.#child = child;
    });
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    // It keeps nobody from ending.
    child.unref();
    (child.stdin as Socket).unref();
  }
}
