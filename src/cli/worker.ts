import { once } from 'node:events';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { readEnvironment } from '../config/environment.ts';
import { serveHealth } from '../workers/health.ts';
import { createLogger, installTelemetry } from '../workers/telemetry.ts';
import { startWorkers } from '../workers/worker.ts';
import type { Role } from '../workflows/queues.ts';
import { workflowBundle } from './local.ts';
import { ensurePython, GRADER } from './setup/python.ts';
import { SetupError } from './setup/setup-error.ts';

/** Runs until SIGTERM or SIGINT, then drains. A failure to connect, or of any worker, ends the process with 1. */
export async function worker({ role: roles }: { role: Role[] }): Promise<void> {
  const environment = readEnvironment();
  const logger = createLogger(environment.logLevel);
  installTelemetry(logger, environment.metrics);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  const connection = await NativeConnection.connect(connectionOptions).catch(() => {
    throw new SetupError(`nothing answers at ${address}: set TEMPORAL_ADDRESS, or TEMPORAL_PROFILE to a profile`);
  });
  const log = (line: string) => logger.info(line);
  const workers = await startWorkers({
    roles,
    connection,
    namespace,
    store: environment.store,
    cache: environment.cache,
    workflowBundle,
    python: () => ensurePython({ log }),
    graderPython: () => ensurePython({ log, ...GRADER }),
    env: process.env,
    version: environment.version,
    engineThreads: environment.engineThreads,
    vllm: environment.vllm,
    shardsAtOnce: environment.shardsAtOnce,
    llamafactory: environment.llamafactory,
  });
  const health = environment.healthPort === undefined ? null : await serveHealth(workers, environment.healthPort);
  const { store, version } = environment;
  logger.info({ roles, address, namespace, store, ...version, health: health?.port }, 'worker started');
  try {
    const asked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    await Promise.race([asked, workers.done]);
    logger.info('worker draining');
    await workers.shutdown();
  } finally {
    health?.server.close();
    await connection.close().catch(() => {});
  }
  logger.info('worker ended');
}
