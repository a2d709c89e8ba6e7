import { once } from 'node:events';
import { NativeConnection } from '@temporalio/worker';
import { readEnvironment } from '../config/environment.ts';
import { serveHealth } from '../workers/health.ts';
import { createLogger, installTelemetry } from '../workers/telemetry.ts';
import { startTracing } from '../workers/tracing.ts';
import { startWorkers } from '../workers/worker.ts';
import type { Role } from '../workflows/queues.ts';
import { openPayloads } from './payloads.ts';
import { ensurePython, GRADER } from './setup/python.ts';
import { SetupError } from './setup/setup-error.ts';
import { readTemporalConfig } from './temporal-config.ts';

/** Runs until SIGTERM or SIGINT, then drains. A failure to connect, or of any worker, ends the process with 1. */
export async function worker({ role: roles }: { role: Role[] }): Promise<void> {
  const environment = readEnvironment();
  const logger = createLogger(environment.logLevel);
  installTelemetry(logger, environment.metrics);
  const { encryption, dataConverter, workflowBundle } = await openPayloads(environment);
  const tracing = await startTracing(process.env);
  const { connectionOptions, namespace, address } = readTemporalConfig();
  const connection = await NativeConnection.connect(connectionOptions).catch(() => {
    throw new SetupError(
      `nothing answers at ${address}: set TEMPORAL_ADDRESS to the host:port of a Temporal server, or TEMPORAL_PROFILE to a profile`,
    );
  });
  const log = (line: string) => logger.info(line);
  const workers = await startWorkers({
    roles,
    connection,
    namespace,
    store: environment.store,
    cache: environment.cache,
    workflowBundle: workflowBundle(tracing !== null),
    dataConverter,
    tracing,
    python: () => ensurePython({ log }),
    graderPython: () => ensurePython({ log, ...GRADER }),
    env: process.env,
    engineThreads: environment.engineThreads,
    vllm: environment.vllm,
    shardsAtOnce: environment.shardsAtOnce,
    llamafactory: environment.llamafactory,
    cluster: environment.cluster,
  });
  const health = environment.healthPort === undefined ? null : await serveHealth(workers, environment.healthPort);
  const { store } = environment;
  logger.info({ roles, address, namespace, store, health: health?.port, encrypted: encryption.on }, 'worker started');
  try {
    const asked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    await Promise.race([asked, workers.done]);
    logger.info('worker draining');
    await workers.shutdown();
  } finally {
    health?.server.close();
    await connection.close().catch(() => {});
    await tracing?.shutdown();
  }
  logger.info('worker ended');
}
