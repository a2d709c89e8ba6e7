import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { evaluate } from '../../../src/workflows/evaluate.ts';
import { QUEUES } from '../../../src/workflows/queues.ts';
import { eventually, fingerprint } from '../../support/bench.ts';
import { anEvaluation, questionsOf } from '../../support/evaluate-input.ts';
import { FakeOpenAi } from '../../support/fake-openai.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { type S3Server, startS3Server } from '../../support/s3-server.ts';
import { connectClient, temporalAddress } from '../../support/temporal.ts';
import { spawnWorker } from '../../support/workers.ts';

const TESTED = 60;
let server: S3Server | null;
beforeAll(async () => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../../scripts/build.mjs')], { stdio: 'inherit' });
  server = await startS3Server();
}, 600_000);
afterAll(() => server?.remove());

it('an evaluation with its store in a bucket, its worker killed once, has the rows of one in a folder', async (context) => {
  if (!server) context.skip('needs Go, to build an S3 server');
  const client = await connectClient();
  const fake = await FakeOpenAi.start({ questions: questionsOf(TESTED), models: ['actor', 'critic'] });
  fake.fault = () => ({ delayMs: 20 });
  const folder = await temporaryFolder();
  const aWorker = (store: string) =>
    spawnWorker({
      roles: 'all',
      address: temporalAddress,
      store,
      env: { ...server!.env, CRITIQUE_LOOP_CACHE: join(folder, 'cache') },
    });
  const input = anEvaluation({ url: fake.url, tested: TESTED, critic: { endpoint: { baseUrl: fake.url } } });
  const run = async (workflowId: string) => {
    await client.workflow.start('evaluate', { workflowId, taskQueue: QUEUES.workflows, args: [input] });
    return client.workflow.getHandle<typeof evaluate>(workflowId);
  };
  try {
    let worker = await aWorker(join(folder, 'store'));
    const inFolder = await (await run('in-a-folder')).result();
    await worker.stop();

    worker = await aWorker('s3://bucket/loop');
    const asked = fake.requests.length;
    const handle = await run('in-a-bucket');
    const answered = () => fake.requests.slice(asked).filter(({ state }) => state === 'answered').length;
    await eventually('200 answers', async () => answered() >= 200, 120_000);
    await worker.kill();
    worker = await aWorker('s3://bucket/loop');
    const inBucket = await handle.result();
    await worker.stop();

    expect(inBucket).toMatchObject({ status: 'completed', report: 's3://bucket/loop/runs/in-a-bucket/report.html' });
    expect(inBucket.strategies).toEqual(inFolder.strategies);
    const command = [join(import.meta.dirname, '../../../dist/cli/main.js'), 'report', 'in-a-bucket'];
    const cache = join(folder, 'of a person');
    const env = { ...process.env, ...server!.env, CRITIQUE_LOOP_STORE: 's3://bucket/loop', CRITIQUE_LOOP_CACHE: cache };
    const lines = execFileSync(process.execPath, command, { env, encoding: 'utf8' }).trimEnd().split('\n');
    expect(lines.at(-2)).toBe(inBucket.report);
    expect(await readFile(lines.at(-1)!, 'utf8')).toMatch(/^<!doctype html>/i);
    expect(await fingerprint(join(server!.bucketFolder, 'loop'), 'in-a-bucket')).toBe(
      await fingerprint(join(folder, 'store'), 'in-a-folder'),
    );
  } finally {
    await fake.close();
    await client.connection.close();
  }
});
