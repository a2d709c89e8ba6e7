import {
  type Context,
  context,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/** Does nothing until src/workers/tracing.ts has set up where spans go. */
const tracer = trace.getTracer('critique-loop');

/** Works within a span, which ends with the work and has its error. */
export async function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  return await tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Where spans are not recorded, and others are told not to record theirs. */
export function unsampled(): Context {
  const span = trace.getActiveSpan();
  if (!span) return context.active();
  return trace.setSpanContext(context.active(), { ...span.spanContext(), traceFlags: TraceFlags.NONE });
}
