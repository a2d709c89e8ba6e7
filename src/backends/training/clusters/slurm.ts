import { type Cluster, type ClusterJob, type ClusterStatus, quote } from './cluster.ts';

/** What Slurm says of a job. */
export interface SlurmJob {
  id: number;
  state: string;
  /** Why it waits, or why it ended. */
  reason: string;
}

/** A way to Slurm. Every method throws an Error for people where Slurm is out of reach or refuses. */
export interface SlurmAccess {
  readonly name: string;
  /** Those of that name that Slurm remembers. */
  list(key: string): Promise<SlurmJob[]>;
  /** Submits the script. While another job of that name is there, it waits. */
  batch(job: ClusterJob, script: string): Promise<void>;
  cancel(id: number): Promise<void>;
  check(job: ClusterJob, script: string): Promise<string>;
}

const ENDED = new Set([
  ...['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'DEADLINE', 'FAILED', 'NODE_FAIL', 'OUT_OF_MEMORY', 'PREEMPTED'],
  ...['REVOKED', 'TIMEOUT'],
]);
const QUEUED = new Set([
  ...['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD', 'SPECIAL_EXIT'],
]);

/** Slurm, in which a job is known by its name: ids are of no use to who submitted one and was killed before it heard of it. */
export class Slurm implements Cluster {
  readonly #access: SlurmAccess;

  constructor(access: SlurmAccess) {
    this.#access = access;
  }

  get name(): string {
    return this.#access.name;
  }

  async submit(job: ClusterJob): Promise<void> {
    if ((await this.#list(job.key)).length > 0) return;
    await this.#access.batch(job, scriptOf(job));
    // Of those that were submitted at once the oldest stays.
    for (const { id } of (await this.#list(job.key)).slice(1)) await this.#access.cancel(id);
  }

  /** Slurm forgets what has ended some minutes ago (MinJobAge). */
  async look(key: string): Promise<ClusterStatus> {
    const [job] = await this.#list(key);
    if (!job) return { state: 'absent' };
    const { id, state } = job;
    const reason = job.reason === 'None' ? '' : job.reason;
    if (QUEUED.has(state)) return { state: 'queued', reason: `Slurm says ${reason || state} of job ${id}` };
    if (!ENDED.has(state)) return { state: 'running' };
    return { state: 'ended', how: `Slurm says ${state} of job ${id}${reason && `: ${reason}`}` };
  }

  async stop(key: string): Promise<void> {
    for (const { id, state } of await this.#list(key)) if (!ENDED.has(state)) await this.#access.cancel(id);
  }

  async check(job: ClusterJob): Promise<string> {
    return await this.#access.check(job, scriptOf(job));
  }

  /** From the oldest. */
  async #list(key: string): Promise<SlurmJob[]> {
    return (await this.#access.list(key)).sort((a, b) => a.id - b.id);
  }
}

const scriptOf = ({ env, argv }: ClusterJob): string =>
  [
    '#!/bin/sh',
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote([value])}`),
    `exec ${quote(argv)}`,
    '',
  ].join('\n');
