import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DefaultLogger, type LogEntry, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../scripts/bundle.mjs';
import { cpuActivities, inferenceActivities, trainActivities } from '../../src/activities/index.ts';
import { Grader } from '../../src/backends/grading/grader.ts';
import { MathVerify } from '../../src/backends/grading/math-verify.ts';
import { GradingThreads } from '../../src/backends/grading/threads.ts';
import { createEngines } from '../../src/backends/inference/engines.ts';
import { openStore } from '../../src/backends/storage/open-store.ts';
import type { Store } from '../../src/backends/storage/store.ts';
import { spawnBound } from '../../src/cli/setup/process.ts';
import { hasSearchAttributes } from '../../src/workers/search-attributes.ts';
import { pinnedTo } from '../../src/workers/worker.ts';
import { QUEUES, type Role } from '../../src/workflows/queues.ts';
import { TrainingDouble } from './training-double.ts';

const root = join(import.meta.dirname, '../..');

/** What Temporal and our workflows logged in this process, warnings and worse. */
export const logged: LogEntry[] = [];

export interface TestWorkers {
  store: Store;
  training: TrainingDouble;
  /** Called before each activity with its name and what it is told; may wait. */
  before: (activity: string, task: unknown) => Promise<void> | void;
  /** The names of all activities that were started, in order. */
  started: string[];
  shutdown(): Promise<void>;
}

export interface TestWorkersOptions {
  address: string;
  /** Root of the store. */
  store: string;
  /** Folder for files out of a bucket. */
  cache?: string;
  /** All by default. */
  roles?: Role[];
  /** The build of the workflows, where they have one. */
  version?: { deploymentName: string; buildId: string };
  /** The bundle of the workflows, where it is not that of the sources. */
  code?: string;
  /** Workflows that are not replayed when they go on. */
  maxCachedWorkflows?: number;
}

let bundle: Promise<string> | undefined;

/** The bundle of the sources. */
export const workflowCode = (): Promise<string> => (bundle ??= bundleWorkflows(join(root, 'src/workflows/index.ts')));

/** The real workflows and activities in this process, with an engine towards endpoints and a trainer that does nothing. */
export async function startTestWorkers(options: TestWorkersOptions): Promise<TestWorkers> {
  installLogger();
  const code = options.code ?? (await workflowCode());
  const connection = await NativeConnection.connect({ address: options.address });
  const store = await openStore({ cache: '', ...options });
  const training = new TrainingDouble();
  const python = () => Promise.reject(new Error('these tests need no Python'));
  const engine = createEngines({ store, env: process.env, python });
  const threads = new GradingThreads();
  const grader = new Grader({ engine, threads, mathVerify: new MathVerify({ python }) });
  const watched = <T extends object>(activities: T): T =>
    Object.fromEntries(
      Object.entries(activities).map(([name, activity]) => [
        name,
        async (task: unknown) => {
          workers.started.push(name);
          await workers.before(name, task);
          return await activity(task);
        },
      ]),
    ) as T;
  const byRole: Record<Role, object> = {
    workflows: {
      workflowBundle: { code },
      maxCachedWorkflows: options.maxCachedWorkflows ?? 100,
      isolateExecutionTimeout: '1 minute',
      ...(options.version && { workerDeploymentOptions: pinnedTo(options.version) }),
    },
    cpu: {
      activities: watched(
        cpuActivities({
          store,
          threads,
          grader,
          hasSearchAttributes: () => hasSearchAttributes(connection, 'default'),
        }),
      ),
    },
    inference: {
      activities: watched(inferenceActivities({ store, engine, grader })),
      maxConcurrentActivityTaskExecutions: 4,
    },
    train: { activities: watched(trainActivities({ store, training: { trl: training, llamafactory: training } })) },
  };
  const roles = options.roles ?? (Object.keys(byRole) as Role[]);
  const created = await Promise.all(
    roles.map((role) =>
      Worker.create({
        connection,
        taskQueue: QUEUES[role],
        identity: `test/${role}`,
        maxHeartbeatThrottleInterval: '1 second',
        shutdownForceTime: '10 seconds',
        ...byRole[role],
      }),
    ),
  );
  const done = Promise.all(created.map((worker) => worker.run()));
  done.catch(() => {});
  const workers: TestWorkers = {
    store,
    training,
    before: () => {},
    started: [],
    shutdown: async () => {
      for (const worker of created) worker.shutdown();
      await done;
      await Promise.all([engine.close(), grader.close()]);
      await connection.close();
    },
  };
  return workers;
}

let installed = false;

/** Quiet, and once in a process. */
export function installLogger(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', (entry) => logged.push(entry)),
    shutdownSignals: [],
  });
}

export interface SpawnedWorker {
  process: ChildProcess;
  pid: number;
  /** Its log: one object a line. */
  log: Record<string, unknown>[];
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and gives the exit code and how long it took, in seconds. */
  stop(): Promise<{ code: number | null; seconds: number }>;
}

/** `critique-loop worker` as users run it, polling. It does not outlive this process. */
export async function spawnWorker(options: {
  roles: Role[] | 'all';
  address: string;
  store: string;
  env?: Record<string, string>;
  /** What it is started by, for instance `ip netns exec h1`. */
  within?: readonly string[];
  /** Told each line of its log as it comes. */
  onLog?: (entry: Record<string, unknown>) => void;
}): Promise<SpawnedWorker> {
  const { roles, address, store, env, within = [], onLog } = options;
  const role = roles === 'all' ? 'all' : roles.join(',');
  const [command, ...args] = [...within, process.execPath, join(root, 'dist/cli/main.js'), 'worker', '--role', role];
  const child = spawnBound(command!, args, {
    env: { ...process.env, TEMPORAL_ADDRESS: address, CRITIQUE_LOOP_STORE: store, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: Record<string, unknown>[] = [];
  const exited = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    const tail: string[] = [];
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}: ${tail.join('\n')}`)));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      tail.push(line);
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      onLog?.(entry);
      if (entry.msg === 'worker started') resolve();
    });
  });
  const stop = async (signal: NodeJS.Signals) => {
    const started = performance.now();
    child.kill(signal);
    await exited;
    return { code: child.exitCode, seconds: (performance.now() - started) / 1000 };
  };
  return {
    process: child,
    pid: child.pid!,
    log,
    kill: async () => void (await stop('SIGKILL')),
    stop: () => stop('SIGTERM'),
  };
}
