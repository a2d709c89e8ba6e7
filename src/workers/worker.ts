import { asyncLocalStorage } from '@temporalio/activity';
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Runtime, Worker, type WorkerDeploymentOptions } from '@temporalio/worker';
import { cpuActivities, inferenceActivities, trainActivities } from '../activities/index.ts';
import { findGpus } from '../backends/gpus.ts';
import { Grader } from '../backends/grading/grader.ts';
import { MathVerify } from '../backends/grading/math-verify.ts';
import { GradingThreads } from '../backends/grading/threads.ts';
import { createEngines, type VllmOptions } from '../backends/inference/engines.ts';
import { Metrics } from '../backends/metrics.ts';
import { openStore } from '../backends/storage/open-store.ts';
import { createTrainingBackends } from '../backends/training/index.ts';
import { isBucket, type WorkerEnvironment } from '../config/environment.ts';
import { QUEUES, type Role } from '../workflows/queues.ts';
import { watchGauges } from './gauges.ts';
import { logIds } from './log-ids.ts';
import { hasSearchAttributes } from './search-attributes.ts';
import type { Tracing } from './tracing.ts';

export interface WorkerOptions {
  roles: readonly Role[];
  connection: NativeConnection;
  namespace: string;
  /** Root of the store: a folder or `s3://bucket/prefix`. */
  store: string;
  /** Folder on this machine for files out of a bucket. */
  cache: string;
  /** Where the workflow bundle is, of traced workflows where they are; needed for the role `workflows`. */
  workflowBundle: string;
  /** How what goes to Temporal's server is written; Temporal's own way by default. */
  dataConverter?: DataConverter | undefined;
  /** Gives a Python interpreter with the trainer's packages; asked when an embedded engine or trainer is first needed. */
  python: () => Promise<string>;
  /** The same with the packages of Math-Verify, asked when a run's oracle first needs it. */
  graderPython: () => Promise<string>;
  env: NodeJS.ProcessEnv;
  /** Of the workflows: what runs stay with. The activities have none, so that runs of every build can ask for them. */
  version?: WorkerEnvironment['version'];
  engineThreads?: number | undefined;
  /** How vLLM is run, where it is this worker's engine. */
  vllm?: WorkerEnvironment['vllm'];
  shardsAtOnce?: number | undefined;
  /** The command of LLaMA-Factory. */
  llamafactory?: readonly string[] | undefined;
  /** Where fine-tunes run, where that is not this machine. */
  cluster?: WorkerEnvironment['cluster'];
  identity?: string;
  tracing?: Tracing | null;
}

/** Workers of one process, one for each role's task queue. */
export interface RunningWorkers {
  /** Resolves after a shutdown; rejects when a worker fails, which should end the process. */
  done: Promise<void>;
  /** Stops polling, cancels what runs (finished rows are kept, and the next worker goes on from them), and waits. */
  shutdown(): Promise<void>;
  status(): { role: Role; state: string }[];
}

/** A stopping activity has this long to write what it has before it is abandoned. */
const FORCE_AFTER = '30 seconds';
/** Cancellations come back with heartbeats: this bounds how long a stop `now` takes to arrive. */
const HEARTBEATS_AT_MOST_EVERY = '1 second';
/** Shards side by side on one worker, unless it says: enough to keep its engine full while one of them ends. */
const SHARDS_AT_ONCE = 4;
/** Fine-tunes on a cluster, which has a queue of its own. */
const FOLLOWED_AT_ONCE = 32;
/** A workflows worker that was killed holds up what it had in its cache for so long; another one replays at most a few hundred events. */
const STICKY_FOR = '3 seconds';
/** About 0.25 MB each, measured without zod in the bundle (temporal.md 0.2). */
const CACHED_WORKFLOWS = 200;

/** Where a machine has no time to spare, Temporal's 5 seconds end what is only slow, and may take the whole process along. */
const LONGEST_WORKFLOW_STEP = '1 minute';

export async function startWorkers(options: WorkerOptions): Promise<RunningWorkers> {
  const { connection, namespace, env, python } = options;
  const store = await openStore(options);
  const metrics = new Metrics(Runtime.instance().metricMeter);
  const gpus = findGpus(env);
  const engine = createEngines({ store, env, python, threads: options.engineThreads, vllm: vllmOf(options), metrics });
  const mathVerify = new MathVerify({ python: options.graderPython });
  const threads = new GradingThreads();
  const grader = new Grader({ engine, threads, mathVerify, metrics });

  const shared = {
    connection,
    namespace,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    shutdownForceTime: FORCE_AFTER,
    maxHeartbeatThrottleInterval: HEARTBEATS_AT_MOST_EVERY,
    sinks: options.tracing?.sinks ?? {},
    interceptors: { activity: [...(options.tracing?.activities ?? []), logIds] },
  };
  const byRole: Record<Role, () => object> = {
    workflows: () => ({
      workflowBundle: { codePath: options.workflowBundle },
      maxCachedWorkflows: CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: STICKY_FOR,
      isolateExecutionTimeout: LONGEST_WORKFLOW_STEP,
      ...(options.version && { workerDeploymentOptions: pinnedTo(options.version) }),
    }),
    cpu: () => ({
      activities: cpuActivities({
        store,
        threads,
        grader,
        hasSearchAttributes: () => hasSearchAttributes(connection, namespace),
      }),
      maxConcurrentActivityTaskExecutions: 4,
    }),
    inference: () => ({
      activities: inferenceActivities({ store, engine, grader }),
      maxConcurrentActivityTaskExecutions: options.shardsAtOnce ?? SHARDS_AT_ONCE,
    }),
    train: () => ({
      activities: trainActivities({
        store,
        training: createTrainingBackends({
          python,
          gpus,
          llamafactory: options.llamafactory,
          cluster: options.cluster,
        }),
      }),
      maxConcurrentActivityTaskExecutions: options.cluster ? FOLLOWED_AT_ONCE : 1,
    }),
  };

  const workers: { role: Role; worker: Worker }[] = [];
  try {
    for (const role of options.roles) {
      const identity = `${options.identity ?? process.pid}/${role}`;
      const worker = await Worker.create({ ...shared, taskQueue: QUEUES[role], identity, ...byRole[role]() });
      workers.push({ role, worker });
    }
  } catch (error) {
    // A worker lets go of its connection only by running to its end.
    await Promise.all(workers.map(({ worker }) => worker.runUntil(Promise.resolve())));
    throw error;
  }
  const folder = isBucket(options.store) ? null : options.store;
  const stopWatching = watchGauges({ metrics, engine, gpus, store: folder });
  const stopAll = () => {
    for (const { worker } of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  // One worker that fails takes the others with it: a process that polls only some of its queues helps nobody.
  const done = Promise.all(workers.map(({ worker }) => worker.run().finally(stopAll)))
    .finally(stopWatching)
    .finally(() => Promise.all([engine.close(), grader.close()]))
    .then(() => {});
  return {
    done,
    shutdown: async () => {
      stopAll();
      await done;
    },
    status: () => workers.map(({ role, worker }) => ({ role, state: worker.getState() })),
  };
}

/** Every run to the build that it began on, until it goes on as a new one (src/workflows/renew.ts). */
export const pinnedTo = (version: NonNullable<WorkerEnvironment['version']>): WorkerDeploymentOptions => ({
  version,
  useWorkerVersioning: true,
  defaultVersioningBehavior: 'PINNED',
});

function vllmOf({ vllm, roles, cache }: WorkerOptions): VllmOptions | undefined {
  if (!vllm) return undefined;
  return {
    // Who only grades may never need it.
    config: roles.includes('inference') ? vllm : { ...vllm, model: undefined },
    cache,
    // With the ids of the activity that asked for it, where one did.
    log: (message, took) => (asyncLocalStorage.getStore()?.log ?? Runtime.instance().logger).info(message, took),
  };
}
