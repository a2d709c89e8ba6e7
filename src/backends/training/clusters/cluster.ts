import type { PlaceStatus } from '../place.ts';

/** A command of ours that a cluster runs on one of its machines. */
export interface ClusterJob {
  /** What it is known by there, and no other job ever is. At most 47 of a-z, 0-9 and -: a pod of a TrainJob has 16 more in its name, of 63. */
  key: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Where its files are, here and there. */
  folder: string;
  /** How many it is made of: each needs a GPU or, on CPUs, a core. */
  processes: number;
  onGpu: boolean;
}

export type ClusterStatus = Exclude<PlaceStatus, { state: 'unknown' }>;

/** Something that runs commands on machines of its choice. Every method throws an Error for people where it is out of reach or refuses. */
export interface Cluster {
  /** As people know it: "Ray at http://head:8265". */
  readonly name: string;
  /** Starts a job, unless there is one of its key. */
  submit(job: ClusterJob): Promise<void>;
  look(key: string): Promise<ClusterStatus>;
  /** Asks a job to end, with time to leave a resume point, and does not wait for it. What is not there has ended. */
  stop(key: string): Promise<void>;
  /** Whether a job could be submitted, as far as the cluster says without one: what it is, for people. */
  check(job: ClusterJob): Promise<string>;
}

/** Words as a shell's command. */
export const quote = (words: readonly string[]): string =>
  words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
