import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { readEnvironment } from '../config/environment.ts';
import { createLogger, installTelemetry } from '../workers/telemetry.ts';
import { startTracing } from '../workers/tracing.ts';
import { type RunningWorkers, startWorkers } from '../workers/worker.ts';
import { QUEUES, type Role } from '../workflows/queues.ts';
import { originsOf, serveCodec } from './codec/server.ts';
import { openPayloads } from './payloads.ts';
import { choosePort, type DevServer, startDevServer } from './setup/dev-server.ts';
import type { Log } from './setup/progress.ts';
import { ensurePython, GRADER } from './setup/python.ts';
import { ensureTemporalCli } from './setup/temporal-cli.ts';

export interface Local {
  server: DevServer;
  /** Of the codec server, where payloads are encrypted. */
  codecEndpoint: string | undefined;
  client: Client;
  workers: RunningWorkers;
  /** Rejects when the server or a worker ends without being asked to. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Where the local server keeps its database and logs, beside the store. */
const FOLDER = '.critique-loop';

/** Or any, where that is taken. */
const CODEC_PORT = 8234;

/** Everything on one machine: Temporal with its UI, and a worker of this process with every role. Sets up what is missing. */
export async function startLocal(options: { log: Log; port?: number; uiPort?: number }): Promise<Local> {
  const { log, port, uiPort } = options;
  const environment = readEnvironment();
  const { encryption, dataConverter, workflowBundle } = await openPayloads(environment);
  const cli = await ensureTemporalCli({ log });
  const python = await ensurePython({ log });
  await mkdir(FOLDER, { recursive: true });
  const logFile = join(FOLDER, 'worker.log');
  installTelemetry(createLogger(environment.logLevel, logFile), environment.metrics);
  const origins = new Set<string>();
  const codecServer = encryption.on
    ? await serveCodec({ codec: encryption, port: await choosePort(undefined, CODEC_PORT), origins })
    : undefined;
  const tracing = await startTracing(process.env);
  const server = await startDevServer({
    cli,
    log,
    logFile: join(FOLDER, 'temporal.log'),
    dbFile: join(FOLDER, 'temporal.db'),
    ...(port !== undefined && { port }),
    ...(uiPort !== undefined && { uiPort }),
    ...(codecServer && { codecEndpoint: codecServer.url }),
  });
  for (const origin of originsOf(server.uiUrl)) origins.add(origin);
  try {
    const connection = await NativeConnection.connect({ address: server.address });
    const workers = await startWorkers({
      ...environment,
      // Nobody makes a build current here.
      version: undefined,
      roles: Object.keys(QUEUES) as Role[],
      connection,
      namespace: 'default',
      workflowBundle: workflowBundle(tracing !== null),
      dataConverter,
      tracing,
      python: async () => python,
      graderPython: () => ensurePython({ log, ...GRADER }),
      env: process.env,
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
      codecEndpoint: codecServer?.url,
      client: new Client({ connection: clientConnection, dataConverter }),
      workers,
      failed,
      stop: async () => {
        await workers.shutdown().catch(() => {});
        await tracing?.shutdown();
        await connection.close();
        await server.stop();
        await codecServer?.close();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
