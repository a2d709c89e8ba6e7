import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type Cluster, type ClusterJob, type ClusterStatus, quote } from './cluster.ts';
import { byAge, type SlurmJob, statusOf } from './slurm.ts';

const TIMEOUT_MS = 60_000;

/** Slurm by its own commands, which this machine has. */
export class SlurmCommands implements Cluster {
  readonly name = 'Slurm';
  readonly #args: readonly string[];

  /** @param args further arguments of sbatch */
  constructor({ args }: { args: readonly string[] }) {
    this.#args = args;
  }

  async submit(job: ClusterJob): Promise<void> {
    if ((await this.#list(job.key)).length > 0) return;
    await run('sbatch', this.#batch(job), script(job));
    // Of two that were submitted at once the older one stays. Until the other is gone, `singleton` keeps it waiting.
    const others = byAge(await this.#list(job.key)).slice(1);
    if (others.length > 0)
      await run(
        'scancel',
        others.map(({ id }) => `${id}`),
      );
  }

  async look(key: string): Promise<ClusterStatus> {
    return statusOf(await this.#list(key));
  }

  async stop(key: string): Promise<void> {
    await run('scancel', ['--name', key]);
  }

  async check(job: ClusterJob): Promise<string> {
    const version = await run('sbatch', ['--version']);
    await run('sbatch', ['--test-only', ...this.#batch(job)], script(job));
    return `${version.trim()} takes a job like a fine-tune's`;
  }

  #batch(job: ClusterJob): string[] {
    return [
      ...['--job-name', job.key, '--dependency', 'singleton'],
      // What Slurm itself has to say comes into the same log.
      ...['--output', join(job.folder, 'log'), '--open-mode', 'append', '--chdir', job.folder],
      // A worker's environment may have secrets in it, and Slurm keeps what it is given.
      ...['--export', 'NONE', '--nodes', '1', '--ntasks', '1'],
      ...(job.onGpu ? ['--gres', `gpu:${job.processes}`] : ['--cpus-per-task', String(job.processes)]),
      ...this.#args,
    ];
  }

  /** Those that Slurm remembers. */
  async #list(key: string): Promise<SlurmJob[]> {
    const table = await run('squeue', ['--noheader', '--states=all', '--name', key, '--format', '%i|%T|%r']);
    return table
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [id, state, ...reason] = line.split('|');
        return { id: Number(id), state: state!, reason: reason.join('|') };
      });
  }
}

const script = ({ env, argv }: ClusterJob) =>
  [
    '#!/bin/sh',
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote([value])}`),
    `exec ${quote(argv)}\n`,
  ].join('\n');

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
