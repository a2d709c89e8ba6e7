import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Role } from '../../src/workflows/queues.ts';
import { Bench } from '../support/bench.ts';
import { type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { temporalAddress } from '../support/temporal.ts';
import { spawnWorker } from '../support/workers.ts';

const root = join(import.meta.dirname, '../..');
const bench = Bench.use(() => temporalAddress, { roles: ['train'] });

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
});

async function worker(roles: Role[], env: Record<string, string> = {}) {
  const { store } = bench.workers;
  const spawned = await spawnWorker({ roles, address: temporalAddress, store: store.root, env });
  let stopped: Promise<unknown> | undefined;
  const stop = () => (stopped ??= spawned.stop());
  onTestFinished(async () => void (await stop()));
  return { log: spawned.log, stop };
}

/** From the span to the root. */
function lineage(spans: ReceivedSpan[], span: ReceivedSpan): ReceivedSpan[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent ? [span, ...lineage(spans, parent)] : [span];
}

test('one trace goes from a run to one of its requests, over two processes and on to the engine', async () => {
  const receiver = await startOtlpReceiver();
  const traced = (name: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: name });
  const flows = await worker(['workflows', 'cpu'], traced('flows'));
  const answers = await worker(['inference'], { ...traced('answers'), CRITIQUE_LOOP_LOG_LEVEL: 'debug' });
  const fake = await bench.fake();
  let failed = false;
  fake.fault = () => {
    const fails = !failed;
    failed = true;
    return fails ? { status: 500 } : null;
  };
  const handle = await bench.start('traced', bench.input(fake, { pool: 60, tested: 10 }));
  await handle.result();
  const history = await handle.fetchHistory();
  await flows.stop();
  await answers.stop();

  const { spans } = receiver;
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  const [trace] = spans.map(({ traceId }) => traceId);
  const roots = spans.filter(({ parentSpanId }) => !parentSpanId);
  expect(roots).toMatchObject([{ name: 'RunWorkflow:selfImprove', attributes: { workflowId: 'traced' } }]);

  const sampled = spans.find(
    ({ name, attributes }) =>
      name === 'RunActivity:sampleResponses' && attributes['critique_loop.stage'] === 'iteration-1/sample',
  )!;
  expect(sampled.attributes).toMatchObject({ 'critique_loop.run': 'runs/traced', 'critique_loop.shard': 0 });
  const generate = spans.find(({ name, parentSpanId }) => name === 'generate' && parentSpanId === sampled.spanId)!;
  expect(generate.attributes).toMatchObject({
    'critique_loop.item': expect.stringMatching(/^arithmetic-train-/),
    'critique_loop.samples': 2,
    'gen_ai.usage.output_tokens': expect.any(Number),
  });
  const request = spans.find(({ name, parentSpanId }) => name === 'request' && parentSpanId === generate.spanId)!;
  expect(request.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.request.resend_count': 0 });
  expect(lineage(spans, request).map(({ name, service }) => `${service} ${name}`)).toEqual([
    'answers request',
    'answers generate',
    'answers RunActivity:sampleResponses',
    'flows StartActivity:sampleResponses',
    'flows RunWorkflow:iterate',
    'flows StartChildWorkflow:iterate',
    'flows RunWorkflow:selfImprove',
  ]);

  const again = spans.find(({ attributes }) => attributes['http.request.resend_count'] === 1)!;
  const attempts = spans.filter(({ parentSpanId }) => parentSpanId === again.parentSpanId);
  expect(attempts.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([500, 200]);

  // The engine is told of each request whether it is traced: the first of 60 and the one after 50 are.
  const told = fake.requests.filter(
    ({ kind, question }) => kind === 'solve' && question.id.startsWith('arithmetic-train'),
  );
  const flags = told.map(({ traceparent }) => traceparent!);
  expect(flags.every((header) => header.startsWith(`00-${trace}-`))).toBe(true);
  expect(flags.filter((header) => header.endsWith('-01'))).toHaveLength(2);
  expect(flags).toContain(`00-${trace}-${request.spanId}-01`);

  // Log lines of an activity have the same ids.
  const lines = answers.log.filter(({ msg }) => msg === 'Activity completed');
  const ids = { workflowId: 'traced/iteration-1', runId: expect.any(String), activityId: expect.any(String) };
  expect(lines.find(({ workflowId }) => workflowId === ids.workflowId)).toMatchObject({ ...ids, trace_id: trace });

  for (const name of ['workflow-bundle.js', 'workflow-bundle-traced.js']) {
    const code = readFileSync(join(root, 'dist', name), 'utf8');
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code } }, history, 'traced'),
      name,
    ).resolves.toBeUndefined();
  }
});
