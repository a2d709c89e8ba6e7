import { once } from 'node:events';
import { readEnvironment } from '../config/environment.ts';
import { serveHealth } from '../workers/health.ts';
import { createLogger, installTelemetry } from '../workers/telemetry.ts';
import { startTracing } from '../workers/tracing.ts';
import { startWorkers } from '../workers/worker.ts';
import type { Role } from '../workflows/queues.ts';
import { connect } from './connect.ts';
import { openPayloads } from './payloads.ts';
import { expectNamespace } from './setup/namespace.ts';
import { ensurePython, GRADER } from './setup/python.ts';

/** Runs until SIGTERM or SIGINT, then drains. A failure to connect, or of any worker, ends the process with 1. */
export async function worker({ role: roles }: { role: Role[] }): Promise<void> {
  const environment = readEnvironment();
  const logger = createLogger(environment.logLevel);
  installTelemetry(logger, environment.metrics);
  const { encryption, dataConverter, workflowBundle } = await openPayloads(environment);
  const tracing = await startTracing(process.env);
  const connected = await connect();
  await expectNamespace(connected);
  const { connection, address, namespace } = connected;
  const log = (line: string) => logger.info(line);
  const workers = await startWorkers({
    ...environment,
    roles,
    connection,
    namespace,
    workflowBundle: workflowBundle(tracing !== null),
    dataConverter,
    tracing,
    python: () => ensurePython({ log }),
    graderPython: () => ensurePython({ log, ...GRADER }),
    env: process.env,
  });
  const health = environment.healthPort === undefined ? null : await serveHealth(workers, environment.healthPort);
  const asked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  const { store, version } = environment;
  const encrypted = encryption.on;
  logger.info({ roles, address, namespace, store, ...version, health: health?.port, encrypted }, 'worker started');
  try {
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
