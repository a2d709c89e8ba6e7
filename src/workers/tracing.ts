import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';

/** What workers need so that their workflows and activities are traced. */
export interface Tracing {
  activities: ActivityInterceptorsFactory[];
  sinks: NonNullable<WorkerOptions['sinks']>;
  /** Sends what is left. */
  shutdown(): Promise<void>;
}

/**
 * Sends traces where OpenTelemetry's own variables say so (OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT); null where
 * they do not, and then nothing of its SDK is loaded. To be called once, before anything is traced.
 */
export async function startTracing(env: NodeJS.ProcessEnv): Promise<Tracing | null> {
  const isWanted = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!isWanted || env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return null;
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  if (protocol !== 'http/json')
    throw new Error(`wrong environment: OTEL_EXPORTER_OTLP_PROTOCOL: got "${protocol}", expected http/json`);
  const { openTelemetry } = await import('./open-telemetry.ts');
  return openTelemetry();
}
