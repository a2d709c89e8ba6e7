import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { ClusterJob } from './cluster.ts';
import type { SlurmAccess, SlurmJob } from './slurm.ts';

const TIMEOUT_MS = 60_000;

/** Slurm's own commands, which this machine has. */
export class SlurmCommands implements SlurmAccess {
  readonly name = 'Slurm';
  readonly #args: readonly string[];

  /** @param args further arguments of sbatch */
  constructor({ args }: { args: readonly string[] }) {
    this.#args = args;
  }

  async list(key: string): Promise<SlurmJob[]> {
    const table = await run('squeue', ['--noheader', '--states=all', '--name', key, '--format', '%i|%T|%r']);
    const rows = table.split('\n').filter((line) => line !== '');
    return rows.map((line) => {
      const [id, state, ...reason] = line.split('|');
      return { id: Number(id), state: state!, reason: reason.join('|') };
    });
  }

  async batch(job: ClusterJob, script: string): Promise<void> {
    await run('sbatch', this.#options(job), script);
  }

  async cancel(id: number): Promise<void> {
    await run('scancel', [String(id)]);
  }

  async check(job: ClusterJob, script: string): Promise<string> {
    const version = await run('sbatch', ['--version']);
    await run('sbatch', ['--test-only', ...this.#options(job)], script);
    return `${version.trim()} would take a fine-tune`;
  }

  #options(job: ClusterJob): string[] {
    return [
      ...['--job-name', job.key, '--dependency', 'singleton', '--chdir', job.folder],
      // What Slurm itself has to say comes into the same log.
      ...['--output', join(job.folder, 'log'), '--open-mode', 'append'],
      // A worker's environment may have secrets in it, and Slurm keeps what it is given.
      ...['--export', 'NONE', '--nodes', '1', '--ntasks', '1'],
      ...(job.onGpu ? ['--gres', `gpu:${job.processes}`] : ['--cpus-per-task', String(job.processes)]),
      ...this.#args,
    ];
  }
}

/** Gives what a command says. @throws Error with what it says of its failure */
function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || `${command}: ${error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
  });
}
