import { Runtime } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import { METRICS } from '../backends/metrics.ts';

/** JSON lines on standard error or in a file, one for each event, Temporal's and ours. */
export function createLogger(level: string, file?: string): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Temporal logs errors as `error`, which pino would write as {}.
    serializers: { error: pino.stdSerializers.err },
  };
  // What a log file should tell of a process that is killed has to be in it by then.
  return pino(options, pino.destination(file === undefined ? 2 : { dest: file, sync: true }));
}

/** Sets up the process's one Temporal runtime. @param metrics address for Prometheus, host:port */
export function installTelemetry(logger: Logger, metrics: string | undefined): void {
  const write = (level: string, message: string, meta: object = {}) =>
    logger[PINO_LEVELS[level] ?? 'info'](meta, message);
  Runtime.install({
    logger: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } },
      ...(metrics && {
        metrics: { prometheus: { bindAddress: metrics, histogramBucketOverrides: buckets } },
      }),
    },
    shutdownSignals: [],
  });
}

const buckets = Object.fromEntries(
  Object.entries(METRICS).flatMap(([name, metric]) => ('buckets' in metric ? [[name, [...metric.buckets]]] : [])),
);

const PINO_LEVELS: Record<string, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
