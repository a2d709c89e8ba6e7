import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { Context, cancellationSignal } from '@temporalio/activity';
import { Failure } from '../backends/failures.ts';
import type { CheckpointRef } from '../backends/inference/engine.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { TrainingJob, TrainingStatus } from '../backends/training/contract.ts';
import type { TrainingBackends } from '../backends/training/index.ts';
import type { TrainingConfig } from '../config/training.ts';
import { FineTuneMeter } from './fine-tune-meter.ts';
import { withHeartbeat } from './heartbeat.ts';
import { writeIterationFile } from './iteration-files.ts';

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

/** Submits a fine-tune or adopts the one that is there, follows it to its end, and gives its checkpoint. */
export async function submitFineTune(
  deps: { store: Store; training: TrainingBackends },
  task: FineTuneTask,
): Promise<TrainedCheckpoint> {
  const backend = deps.training[task.training.backend];
  const job: TrainingJob = {
    base: task.base,
    data: await deps.store.fetch(task.data),
    output: deps.store.path(task.output),
    seed: task.seed,
    training: task.training,
  };
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
  const { checkpoint, weightsSha256, rows, dropped, steps, seconds, losses } = await withHeartbeat(
    details,
    async () => {
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
          if (status.state === 'interrupted') throw new Failure('TrainerUnavailable', status.message);
          await sleep(POLL_MS, undefined, { signal });
        }
      } catch (error) {
        // This attempt was given up, because nothing was heard of it for too long, or its workflow is over: the server does not say which.
        if (Context.current().cancellationDetails?.notFound)
          setTimeout(() => void cancelUnlessAdopted().catch(() => {}), ADOPTED_MS).unref();
        else if (signal.aborted) await backend.cancel(job);
        signal.throwIfAborted();
        throw error;
      } finally {
        meter.ended();
      }
    },
  );
  span?.setAttributes({ 'critique_loop.rows': rows, 'critique_loop.steps': steps, 'critique_loop.seconds': seconds });
  if (task.report) {
    const { run, iteration, file } = task.report;
    await writeIterationFile(deps.store, run, iteration, file, { rows, dropped, steps, seconds, losses });
  }
  const uri = `${task.output}${checkpoint.slice(job.output.length)}`;
  return {
    checkpoint: { name: `${task.name}-${weightsSha256.slice(0, 8)}`, uri, sha256: weightsSha256 },
    rows,
    dropped,
    steps,
    seconds,
  };
}
