import { type SpanContext, trace } from '@opentelemetry/api';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * A log line of an activity names its run as one of a workflow does, and its span where it is traced: those too that are written when the
 * span has ended. To be given after what makes the spans.
 */
export const logIds: ActivityInterceptorsFactory = ({ info }) => {
  let span: SpanContext | undefined;
  return {
    inbound: {
      execute: async (input, next) => {
        span = trace.getActiveSpan()?.spanContext();
        return await next(input);
      },
    },
    outbound: {
      getLogAttributes: (attributes, next) =>
        next({
          ...attributes,
          runId: info.workflowExecution?.runId,
          ...(span && { trace_id: span.traceId, span_id: span.spanId }),
        }),
    },
  };
};
