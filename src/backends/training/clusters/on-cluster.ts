import { randomBytes } from 'node:crypto';
import { appendFile, link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failures.ts';
import { readLog, SUBMITTED } from '../job-folder.ts';
import type { Place, PlaceStatus, Work } from '../place.ts';
import type { Cluster, ClusterStatus } from './cluster.ts';

/** A cluster is shared: it is not asked more often. How far a fine-tune is stands in its files. */
const LOOK_EVERY_MS = 5_000;
/** While the end of a job is waited for. */
const END_LOOK_MS = 1_000;

/** All that a command says goes into its folder's log; what stands beside it, such as torchrun, is found. */
const RUN = 'exec >> "$0" 2>&1; case $1 in /*) PATH="$(dirname "$1"):$PATH";; esac; exec "$@"';

export interface Command {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
}

/**
 * A cluster as the place of fine-tunes. Besides theirs there is a file `cluster-job-N` in each folder for each
 * submission: what its job is called there.
 */
export class OnCluster implements Place {
  readonly isElsewhere = true;
  readonly onGpu: boolean;
  readonly #cluster: Cluster;
  readonly #commandOf: (work: Work) => Command;
  /** What was said last of each job that goes on. */
  readonly #seen = new Map<string, { until: number; status: PlaceStatus }>();

  constructor(options: { cluster: Cluster; onGpu: boolean; commandOf: (work: Work) => Command }) {
    this.#cluster = options.cluster;
    this.onGpu = options.onGpu;
    this.#commandOf = options.commandOf;
  }

  async start(work: Work): Promise<void> {
    const { folder, processes } = work;
    const key = await this.#nextKey(folder);
    const command = this.#commandOf(work);
    // A core for each process. Threads decide how sums are rounded: weights should not depend on the cluster.
    const env = this.onGpu ? command.env : { ...command.env, OMP_NUM_THREADS: '1' };
    const argv = ['sh', '-c', RUN, join(folder, 'log'), ...command.argv];
    await appendFile(join(folder, 'log'), SUBMITTED);
    this.#seen.delete(folder);
    try {
      await this.#cluster.submit({ key, argv, env, folder, processes, onGpu: this.onGpu });
    } catch (error) {
      const message = `${this.#cluster.name} did not take the fine-tune: ${(error as Error).message}`;
      throw new Failure('TrainerUnavailable', message, { cause: error });
    }
  }

  async look(folder: string): Promise<PlaceStatus> {
    const seen = this.#seen.get(folder);
    if (seen && Date.now() < seen.until) return seen.status;
    const status = await this.#ask(folder);
    if (status.state === 'ended' || status.state === 'absent') this.#seen.delete(folder);
    else this.#seen.set(folder, { until: Date.now() + LOOK_EVERY_MS, status });
    return status;
  }

  /** Asks until it is told: a job that nobody wants any more should not go on because the cluster was out of reach for a while. */
  async end(folder: string): Promise<void> {
    this.#seen.delete(folder);
    const key = await readKey(folder, await lastAttempt(folder));
    if (key === null) return;
    let isAsked = false;
    for (;;) {
      const { state } = await this.#ask(folder);
      if (state === 'ended' || state === 'absent') return;
      if (!isAsked)
        isAsked = await this.#cluster.stop(key).then(
          () => true,
          () => false,
        );
      await sleep(END_LOOK_MS);
    }
  }

  /** What has ended keeps its name: the next one has another. Who submits at the same time gets the same. */
  async #nextKey(folder: string): Promise<string> {
    const last = await lastAttempt(folder);
    const { state } = await this.#ask(folder);
    return await keyFor(folder, state === 'ended' ? last + 1 : Math.max(last, 1));
  }

  async #ask(folder: string): Promise<PlaceStatus> {
    const key = await readKey(folder, await lastAttempt(folder));
    if (key === null) return { state: 'absent' };
    let status: ClusterStatus;
    try {
      status = await this.#cluster.look(key);
    } catch (error) {
      return { state: 'unknown', message: `${this.#cluster.name} does not say: ${(error as Error).message}` };
    }
    if (status.state !== 'ended' || (await readLog(folder)).some((line) => line !== '')) return status;
    const hint = `nothing was written to ${join(folder, 'log')}: is this folder there on the cluster's machines?`;
    return { state: 'ended', how: `${status.how}; ${hint}` };
  }
}

const fileOf = (folder: string, attempt: number) => join(folder, `cluster-job-${attempt}`);

/** 0 where nothing was submitted. */
async function lastAttempt(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  return Math.max(0, ...names.map((name) => Number(/^cluster-job-(\d+)$/.exec(name)?.[1] ?? 0)));
}

const readKey = async (folder: string, attempt: number): Promise<string | null> =>
  await readFile(fileOf(folder, attempt), 'utf8').catch(() => null);

/** The first that an attempt is given stays. It is no other folder's, also where several stores share a cluster and have the same path. */
async function keyFor(folder: string, attempt: number): Promise<string> {
  const words = folder
    .split(sep)
    .slice(-3)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-?fine-tune$/, '');
  const key = `critique-loop-${words.slice(-20)}-${attempt}-${randomBytes(4).toString('hex')}`.replaceAll(/-+/g, '-');
  const file = fileOf(folder, attempt);
  const temporary = `${file}.${key}.tmp`;
  await writeFile(temporary, key);
  await link(temporary, file).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(temporary);
  return (await readKey(folder, attempt))!;
}
