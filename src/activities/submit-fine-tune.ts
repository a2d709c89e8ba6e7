import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { activityInfo, Context, cancellationSignal } from '@temporalio/activity';
import { Failure } from '../backends/failures.ts';
import type { CheckpointRef } from '../backends/inference/engine.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { fetchStored } from '../backends/storage/stored.ts';
import type { LossPoint, TrainingJob, TrainingStatus } from '../backends/training/contract.ts';
import type { TrainingBackends } from '../backends/training/index.ts';
import type { TrainingConfig } from '../config/training.ts';
import { FineTuneMeter } from './fine-tune-meter.ts';
import { withHeartbeat } from './heartbeat.ts';
import { writeIterationFile } from './iteration-files.ts';
import { canonical } from './study/content-hash.ts';

export interface FineTuneTask {
  /** Where the loss curve is reported; absent outside of a run's iterations. */
  report?: { run: string; iteration: number; file: 'training' | 'critic-training' };
  /** Folder of the job in the store: the same in every attempt, so that a job is adopted and never submitted twice. */
  output: string;
  /** What the checkpoint is called, before its hash. */
  name: string;
  base: string;
  /** Path in the store of JSON lines of {prompt, completion}. */
  data: string;
  seed: number;
  training: TrainingConfig;
}

export interface TrainedCheckpoint {
  checkpoint: CheckpointRef;
  rows: number;
  /** Left out, because their prompts alone fill maxLength. */
  dropped: number;
  steps: number;
  seconds: number;
}

const POLL_MS = 500;
/** A job that the server no longer knows of is adopted by the next attempt within this, or nobody wants it any more. */
const ADOPTED_MS = 30_000;

/** A cluster is not filled with jobs that end at once: each next one comes twice as long after the one before, up to this. */
const LONGEST_PAUSE_MS = 300_000;
const FIRST_PAUSE_MS = 3_000;
const pause = () => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (activityInfo().attempt - 1));

/** What came out of a fine-tune, in its folder in the store: no machine has to train that again. */
interface Kept {
  job: Pick<FineTuneTask, 'base' | 'data' | 'seed' | 'training'>;
  trained: TrainedCheckpoint;
  losses: LossPoint[];
}

/** Submits a fine-tune or adopts the one that is there, follows it to its end, and gives its checkpoint. */
export async function submitFineTune(
  deps: { store: Store; training: TrainingBackends },
  task: FineTuneTask,
): Promise<TrainedCheckpoint> {
  const { base, data, seed, training } = task;
  const job = { base, data, seed, training };
  const key = `${task.output}/trained.json`;
  let kept = await readJson<Kept>(deps.store, key);
  const isSame = kept !== null && canonical(kept.job) === canonical(job);
  if (!isSame || !(await deps.store.holds(kept!.trained.checkpoint.uri))) {
    kept = { job, ...(await train(deps, task)) };
    await writeJson(deps.store, key, kept);
  }
  const { trained, losses } = kept!;
  if (task.report) {
    const { run, iteration, file } = task.report;
    const { checkpoint: _, ...counts } = trained;
    await writeIterationFile(deps.store, run, iteration, file, { ...counts, losses });
  }
  return trained;
}

async function train(
  deps: { store: Store; training: TrainingBackends },
  task: FineTuneTask,
): Promise<Pick<Kept, 'trained' | 'losses'>> {
  const backend = deps.training[task.training.backend];
  const job: TrainingJob = await withHeartbeat(
    () => ({ waitingFor: `${task.base} and its rows, out of the store` }),
    async () => ({
      base: await fetchStored(deps.store, task.base),
      data: await deps.store.fetch(task.data),
      output: await deps.store.begin(task.output),
      seed: task.seed,
      training: task.training,
    }),
  );
  const signal = cancellationSignal();
  const owner = randomUUID();
  const ownerKey = `${task.output}/owner.json`;
  const cancelUnlessAdopted = async () => {
    const now = await readJson<{ owner: string }>(deps.store, ownerKey);
    if (now?.owner === owner) await backend.cancel(job);
  };
  const span = trace.getActiveSpan();
  span?.setAttributes({ 'critique_loop.output': task.output, 'critique_loop.trainer': task.training.backend });
  const meter = new FineTuneMeter(task.training.backend);
  let status: TrainingStatus = { state: 'queued' };
  const details = () => ({ waitingFor: `${task.training.backend} fine-tune`, ...status });
  const { checkpoint, weightsSha256, losses, ...counts } = await withHeartbeat(details, async () => {
    try {
      await writeJson(deps.store, ownerKey, { owner });
      await backend.submit(job);
      for (;;) {
        status = await backend.poll(job);
        meter.see(status);
        if (status.state === 'succeeded') {
          await deps.store.keep(task.output);
          return status.result;
        }
        if (status.state === 'failed') throw new Failure('TrainingFailed', status.message);
        if (status.state === 'interrupted')
          throw new Failure('TrainerUnavailable', status.message, backend.isElsewhere ? { retryAfter: pause() } : {});
        await sleep(POLL_MS, undefined, { signal });
      }
    } catch (error) {
      // This attempt was given up, because nothing was heard of it for too long, or its workflow is over: the server does not say which.
      const { notFound, workerShutdown } = Context.current().cancellationDetails ?? {};
      if (notFound) setTimeout(() => void cancelUnlessAdopted().catch(() => {}), ADOPTED_MS).unref();
      else if (signal.aborted && !(workerShutdown && backend.isElsewhere)) await backend.cancel(job);
      signal.throwIfAborted();
      throw error;
    } finally {
      meter.ended();
    }
  });
  const { rows, steps, seconds } = counts;
  span?.setAttributes({ 'critique_loop.rows': rows, 'critique_loop.steps': steps, 'critique_loop.seconds': seconds });
  const uri = `${task.output}${checkpoint.slice(job.output.length)}`;
  const name = `${task.name}-${weightsSha256.slice(0, 8)}`;
  return { trained: { checkpoint: { name, uri, sha256: weightsSha256 }, ...counts }, losses };
}
