import type { ClusterStatus } from './cluster.ts';

/** What Slurm says of a job, by its commands or its REST API. */
export interface SlurmJob {
  id: number;
  state: string;
  /** Why it waits, or why it ended. */
  reason: string;
}

const ENDED = new Set([
  ...['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'DEADLINE', 'FAILED', 'NODE_FAIL', 'OUT_OF_MEMORY', 'PREEMPTED'],
  ...['REVOKED', 'TIMEOUT'],
]);
/** PREEMPTED is one that Slurm does not start again; others wait in the queue, as after a requeue of any cause. */
const QUEUED = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
]);

/** Those that have not ended, from the oldest. */
export const waiting = (jobs: readonly SlurmJob[]): SlurmJob[] =>
  jobs.filter(({ state }) => !ENDED.has(state)).sort((a, b) => a.id - b.id);

/** Of the jobs of one name. Slurm forgets those that ended some minutes ago. */
export function statusOf(jobs: readonly SlurmJob[]): ClusterStatus {
  const [job] = waiting(jobs);
  if (job) return QUEUED.has(job.state) ? { state: 'queued', reason: `Slurm: ${job.reason}` } : { state: 'running' };
  const last = jobs.toSorted((a, b) => a.id - b.id).at(-1);
  if (!last) return { state: 'absent' };
  const reason = last.reason === 'None' ? '' : `, ${last.reason}`;
  return { state: 'ended', how: `Slurm says that job ${last.id} is ${last.state}${reason}` };
}
