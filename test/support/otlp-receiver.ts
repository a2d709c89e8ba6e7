import { reply, startHttp } from './http.ts';

export interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  attributes: Record<string, unknown>;
  /** Of the process that sent it. */
  service: string;
}

interface OtlpAttribute {
  key: string;
  value: { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean };
}

const valuesOf = (attributes: OtlpAttribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** A collector of traces, OTLP as JSON over HTTP, for the running test. */
export async function startOtlpReceiver(): Promise<{ url: string; spans: ReceivedSpan[] }> {
  const spans: ReceivedSpan[] = [];
  const { origin } = await startHttp(({ path, body }, response) => {
    if (path !== '/v1/traces') return reply(response, 'not found', 404);
    for (const { resource, scopeSpans } of body.resourceSpans)
      for (const scope of scopeSpans)
        for (const { name, traceId, spanId, parentSpanId, attributes } of scope.spans)
          spans.push({
            name,
            traceId,
            spanId,
            parentSpanId: parentSpanId || undefined,
            attributes: valuesOf(attributes),
            service: String(valuesOf(resource.attributes)['service.name']),
          });
    reply(response, {});
  });
  return { url: origin, spans };
}
