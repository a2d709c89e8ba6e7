import { expect, test } from 'vitest';
import { InferenceClient } from '../../../src/backends/inference/client.ts';
import { Limiter } from '../../../src/backends/inference/limiter.ts';
import { Metrics } from '../../../src/backends/metrics.ts';
import { completion, reply, startHttp } from '../../support/http.ts';
import { RecordingMeter } from '../../support/recording-meter.ts';

test('a client tells its answers and its failures by kind, each attempt once', async () => {
  const failures = [429, 500, 502];
  const server = await startHttp((request, response, index) => {
    if (request.body.prompt === 'refused') return reply(response, {}, 400);
    return failures[index] ? reply(response, {}, failures[index]) : reply(response, completion(request));
  });
  const { meter, series } = new RecordingMeter();
  const client = new InferenceClient({
    baseUrl: `${server.origin}/v1`,
    limiter: new Limiter({ most: 4 }),
    metrics: new Metrics(meter),
  });
  const ask = (prompt: string) =>
    client.generate(
      { model: 'actor', prompt, n: 1, seed: 0, temperature: 0, maxTokens: 8, stop: [] },
      new AbortController().signal,
    );
  await ask('1+1?');
  await ask('refused');
  const host = new URL(server.origin).host;
  expect(series).toEqual({
    [`critique_loop_request_failures{host="${host}",kind="busy"}`]: 1,
    [`critique_loop_request_failures{host="${host}",kind="failing"}`]: 1,
    [`critique_loop_request_failures{host="${host}",kind="down"}`]: 1,
    [`critique_loop_request_failures{host="${host}",kind="row"}`]: 1,
    [`critique_loop_request_seconds{host="${host}"}`]: 1,
  });
});
