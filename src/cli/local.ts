import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { packageRoot } from '../backends/package.ts';
import { readEnvironment } from '../config/environment.ts';
import { createLogger, installTelemetry } from '../workers/telemetry.ts';
import { startTracing, type Tracing } from '../workers/tracing.ts';
import { type RunningWorkers, startWorkers } from '../workers/worker.ts';
import { QUEUES, type Role } from '../workflows/queues.ts';
import { type DevServer, startDevServer } from './setup/dev-server.ts';
import type { Log } from './setup/progress.ts';
import { ensurePython, GRADER } from './setup/python.ts';
import { ensureTemporalCli } from './setup/temporal-cli.ts';

export interface Local {
  server: DevServer;
  client: Client;
  workers: RunningWorkers;
  /** Rejects when the server or a worker ends without being asked to. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Where the local server keeps its database and logs, beside the store. */
const FOLDER = '.critique-loop';

/** The workflows, as they are, or traced: OpenTelemetry would cost those memory that nobody traces. */
export const workflowBundle = (tracing: Tracing | null): string =>
  join(packageRoot, 'dist', tracing ? 'workflow-bundle-traced.js' : 'workflow-bundle.js');

/** Everything on one machine: Temporal with its UI, and a worker of this process with every role. Sets up what is missing. */
export async function startLocal(options: { log: Log; port?: number; uiPort?: number }): Promise<Local> {
  const { log, port, uiPort } = options;
  const environment = readEnvironment();
  const cli = await ensureTemporalCli({ log });
  const python = await ensurePython({ log });
  await mkdir(FOLDER, { recursive: true });
  const logFile = join(FOLDER, 'worker.log');
  installTelemetry(createLogger(environment.logLevel, logFile), environment.metrics);
  const tracing = await startTracing(process.env);
  const server = await startDevServer({
    cli,
    log,
    logFile: join(FOLDER, 'temporal.log'),
    dbFile: join(FOLDER, 'temporal.db'),
    ...(port !== undefined && { port }),
    ...(uiPort !== undefined && { uiPort }),
  });
  try {
    const connection = await NativeConnection.connect({ address: server.address });
    const workers = await startWorkers({
      roles: Object.keys(QUEUES) as Role[],
      connection,
      namespace: 'default',
      store: environment.store,
      cache: environment.cache,
      workflowBundle: workflowBundle(tracing),
      tracing,
      python: async () => python,
      graderPython: () => ensurePython({ log, ...GRADER }),
      env: process.env,
      engineThreads: environment.engineThreads,
      vllm: environment.vllm,
      shardsAtOnce: environment.shardsAtOnce,
      llamafactory: environment.llamafactory,
    });
    const clientConnection = await Connection.connect({ address: server.address });
    const failed = Promise.race([
      workers.done.then(() => new Promise<never>(() => {})),
      server.died.then((error) => {
        throw error;
      }),
    ]);
    failed.catch(() => {});
    log(`worker with roles ${Object.keys(QUEUES).join(', ')}; its log is ${logFile}`);
    return {
      server,
      client: new Client({ connection: clientConnection }),
      workers,
      failed,
      stop: async () => {
        await workers.shutdown().catch(() => {});
        await tracing?.shutdown();
        await connection.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
