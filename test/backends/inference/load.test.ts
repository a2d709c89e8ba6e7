import { expect, test, vi } from 'vitest';
import type { EngineLoad } from '../../../src/backends/inference/concurrency.ts';
import { LoadWatch, parseLoad } from '../../../src/backends/inference/load.ts';
import { reply, startHttp } from '../../support/http.ts';

const VLLM = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="actor {1}"} 30.0
vllm:num_requests_running{engine="1",model_name="actor {1}"} 12.0
vllm:num_requests_waiting{engine="0",model_name="actor {1}"} 1.0
vllm:num_requests_waiting{engine="1",model_name="actor {1}"} 0.0
vllm:num_preemptions_total{engine="0",model_name="actor {1}"} 1.2e+01
vllm:num_preemptions_created{engine="0",model_name="actor {1}"} 1.7e+09
`;

test('the numbers of vLLM are sums over its engines', () => {
  expect(parseLoad(VLLM)).toEqual({ running: 42, waiting: 1, preemptions: 12 });
});

test('SGLang has other names', () => {
  const text = 'sglang:num_running_reqs{model_name="a"} 7.0\nsglang:num_queue_reqs{model_name="a"} 3.0\n';
  expect(parseLoad(text)).toEqual({ running: 7, waiting: 3, preemptions: 0 });
  expect(parseLoad(`${text}sglang:num_retracted_requests_total{model_name="a"} 2.0\n`)).toMatchObject({
    preemptions: 2,
  });
});

test.each(['', '<html>Log in</html>', '{"detail":"Not Found"}', 'process_cpu_seconds_total 3.0\n'])(
  'in %j there are none',
  (text) => expect(parseLoad(text)).toBeNull(),
);

test('a server is asked at most every two seconds, beside the API and without its key', async () => {
  const server = await startHttp((_, response) => reply(response, VLLM));
  const told: EngineLoad[] = [];
  const watch = new LoadWatch(`${server.origin}/v1`, (load) => told.push(load));
  for (let i = 0; i < 10; i++) watch.look();
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(server.received.map(({ method, path }) => [method, path])).toEqual([['GET', '/metrics']]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_000 });
  watch.look();
  vi.useRealTimers();
  await vi.waitFor(() => expect(told).toHaveLength(2));
});

test.each([
  ['has no metrics', 404, 'Not Found'],
  ['has others', 200, 'go_goroutines 8\n'],
])('a server that %s is never asked again', async (_, status, text) => {
  const server = await startHttp((_, response) => reply(response, text, status));
  const watch = new LoadWatch(server.origin, () => expect.fail('told something'));
  watch.look();
  await vi.waitFor(() => expect(server.received).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 50));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  watch.look();
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.received).toHaveLength(1);
});
