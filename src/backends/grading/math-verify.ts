import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { Failure } from '../failures.ts';
import { graderFile } from '../package.ts';
import { type Lane, LaneDied, Lanes } from './lanes.ts';

/** An answer as extracted, or a whole response from which Math-Verify extracts by its own rules. */
export type VerifyTask = { reference: string } & ({ answer: string } | { response: string });

/** `failed`: why Math-Verify did not say. `ms`: milliseconds that it took itself, or until it was given up. */
export type Verified = { equal: boolean; ms: number } | { failed: string; ms: number };

/** About 100 MB of memory each. */
const MOST_PROCESSES = 4;
/** Math-Verify stops itself after 5 s for each of its three steps, where it can. */
const LIMIT_MS = 20_000;

/**
 * Math-Verify (deploy/grader/verify.py) in Python processes, each with one task at a time. One that does not answer is killed and
 * replaced. They are started when first needed and end with this process.
 */
export class MathVerify {
  readonly #lanes: Lanes<VerifyTask, Verified>;

  /** @param options.python gives an interpreter with the packages of deploy/grader/requirements.txt */
  constructor(options: { python: () => Promise<string>; processes?: number; limitMs?: number }) {
    const { python, processes = Math.min(availableParallelism(), MOST_PROCESSES), limitMs = LIMIT_MS } = options;
    this.#lanes = new Lanes({ most: processes, batch: 1, start: async () => Sidecar.start(await python(), limitMs) });
  }

  /** @throws Failure EngineUnavailable where it can't be started; what `python` throws; the signal's reason when aborted */
  async verify(task: VerifyTask, signal?: AbortSignal): Promise<Verified> {
    const asked = performance.now();
    return await this.#lanes.run(task, signal).catch((error) => {
      if (error instanceof LaneDied) return { failed: error.message, ms: performance.now() - asked };
      throw error;
    });
  }

  async close(): Promise<void> {
    await this.#lanes.close();
  }
}

class Sidecar implements Lane<VerifyTask, Verified> {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #limitMs: number;

  private constructor(child: ChildProcess, lines: Interface, limitMs: number) {
    this.#child = child;
    this.#lines = lines;
    this.#limitMs = limitMs;
    keepsProcess(child, false);
  }

  static async start(python: string, limitMs: number): Promise<Sidecar> {
    const child = spawn(python, [graderFile('verify.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-1000);
    });
    // A process that is gone says so by its exit.
    child.stdin.on('error', () => {});
    const lines = createInterface(child.stdout);
    const ended = once(child, 'close').then(([code, signal]) => Promise.reject(new Error(`${signal ?? code}: ${log}`)));
    await Promise.race([once(lines, 'line'), ended]).catch((error: Error) => {
      throw new Failure('EngineUnavailable', `Math-Verify can't be started: ${error.message.trim()}`, { cause: error });
    });
    return new Sidecar(child, lines, limitMs);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && !this.#child.killed;
  }

  async run([task]: VerifyTask[]): Promise<Verified[]> {
    const [child, lines] = [this.#child, this.#lines];
    keepsProcess(child, true);
    const answer = await new Promise<string>((resolve, reject) => {
      const end = () => {
        clearTimeout(late);
        lines.off('line', answered);
        child.off('exit', ended);
        keepsProcess(child, false);
      };
      const answered = (line: string) => {
        end();
        resolve(line);
      };
      const ended = (code: number | null, signal: string | null) => {
        end();
        reject(new LaneDied(`Math-Verify ended (${signal ?? code})`, 0));
      };
      const late = setTimeout(() => {
        end();
        reject(new LaneDied(`Math-Verify did not answer within ${this.#limitMs / 1000} s`, 0));
      }, this.#limitMs);
      lines.on('line', answered);
      child.on('exit', ended);
      child.stdin!.write(`${JSON.stringify(task)}\n`);
    });
    return [JSON.parse(answer) as Verified];
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    keepsProcess(this.#child, true);
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** Whether this process stays for the child. */
function keepsProcess(child: ChildProcess, stays: boolean): void {
  for (const part of [child, child.stdin, child.stdout, child.stderr] as (ChildProcess | Socket)[])
    stays ? part.ref() : part.unref();
}
