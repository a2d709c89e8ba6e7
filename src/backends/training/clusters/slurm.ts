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
const QUEUED = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
]);

/** From the oldest. Of two that were submitted at once it is the one that stays. */
export const byAge = (jobs: readonly SlurmJob[]): SlurmJob[] => jobs.toSorted((a, b) => a.id - b.id);

/** Of the jobs of one name. Slurm forgets those that ended some minutes ago. */
export function statusOf(jobs: readonly SlurmJob[]): ClusterStatus {
  const [job] = byAge(jobs);
  if (!job) return { state: 'absent' };
  if (QUEUED.has(job.state)) return { state: 'queued', reason: `Slurm says ${job.reason}` };
  if (!ENDED.has(job.state)) return { state: 'running' };
  const reason = job.reason === 'None' ? '' : `, ${job.reason}`;
  return { state: 'ended', how: `Slurm says that job ${job.id} is ${job.state}${reason}` };
}
