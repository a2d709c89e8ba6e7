import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { fineTune } from '../../src/workflows/fine-tune.ts';
import { QUEUES, type Role } from '../../src/workflows/queues.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';
import { connectClient, python, temporalAddress } from '../support/temporal.ts';
import { spawnWorker } from '../support/workers.ts';

let server: S3Server | null;
beforeAll(async () => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
  server = await startS3Server();
}, 600_000);
afterAll(() => server?.remove());

it('what one machine trains another serves, which shares nothing with it but the bucket', async (context) => {
  if (!server) context.skip('needs Go, to build an S3 server');
  const client = await connectClient();
  const folder = await temporaryFolder();
  const machine = (name: string, roles: Role[]) =>
    spawnWorker({
      roles,
      address: temporalAddress,
      store: 's3://bucket/machines',
      env: { ...server!.env, CRITIQUE_LOOP_CACHE: join(folder, name), CRITIQUE_LOOP_PYTHON: python },
    });
  const workers = await Promise.all([
    machine('one', ['workflows', 'cpu']),
    machine('two', ['train']),
    machine('three', ['inference']),
  ]);
  const rows = Array.from({ length: 8 }, (_, i) => ({ prompt: `What is ${i} + 1?`, completion: ` ${i + 1}` }));
  const data = join(folder, 'rows.jsonl');
  await writeFile(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  const questions = { source: 'arithmetic', split: 'test', count: 4 } as const;
  const run = async (workflowId: string, rest: object) => {
    const input = { base: 'models/actor', data, evaluation: { questions, maxTokens: 16 }, ...rest };
    await client.workflow.start('fineTune', { workflowId, taskQueue: QUEUES.workflows, args: [input] });
    return await client.workflow.getHandle<typeof fineTune>(workflowId).result();
  };
  try {
    const first = await run('machines', { promote: { as: 'actor', when: 'always' } });
    expect(first).toMatchObject({ status: 'completed', promoted: true });
    expect(first.evaluation!.candidate.model).toBe('runs/machines/fine-tune/checkpoint');
    // What a name stands for is trained on by another machine than its own, too, and an adapter finds its base.
    await workers[1]!.stop();
    workers[1] = await machine('four', ['train']);
    const lora = { rank: 4, alpha: 8 };
    const second = await run('machines-adapter', { base: 'promoted/actor', training: { lora } });
    expect(second).toMatchObject({ status: 'completed', evaluation: { difference: { n: 4 } } });
    const served = join(folder, 'three/bucket/machines/runs/machines-adapter/fine-tune/checkpoint/adapter_config.json');
    expect(JSON.parse(await readFile(served, 'utf8')).base_model_name_or_path).toBe(
      join(folder, 'three/bucket/machines/runs/machines/fine-tune/checkpoint'),
    );
    const weights = (name: string, run: string) =>
      existsSync(join(folder, name, 'bucket/machines/runs', run, 'fine-tune/checkpoint'));
    expect(['one', 'two', 'three', 'four'].map((name) => weights(name, 'machines'))).toEqual([false, true, true, true]);
  } finally {
    for (const worker of workers) await worker.kill();
    await client.connection.close();
  }
});
