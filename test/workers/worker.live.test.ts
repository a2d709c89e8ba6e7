import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleWorkflows } from '../../scripts/bundle.mjs';
import { serveHealth } from '../../src/workers/health.ts';
import { startWorkers, type WorkerOptions } from '../../src/workers/worker.ts';
import { QUEUES, type Role } from '../../src/workflows/queues.ts';
import { connectClient, connectWorker, temporalAddress } from '../support/temporal.ts';

const roles = Object.keys(QUEUES) as Role[];
let folder: string;
let workflowBundle: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-workers-'));
  workflowBundle = join(folder, 'bundle.js');
  await writeFile(workflowBundle, await bundleWorkflows(join(import.meta.dirname, '../../src/workflows/index.ts')));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const options = (connection: NativeConnection): WorkerOptions => ({
  roles,
  connection,
  namespace: 'default',
  store: join(folder, 'store'),
  cache: join(folder, 'cache'),
  workflowBundle,
  python: () => Promise.reject(new Error('nobody needs Python here')),
  graderPython: () => Promise.reject(new Error('nobody needs Math-Verify here')),
  env: {},
  identity: 'workers-test',
});

const openHandles = () => process.getActiveResourcesInfo().filter((kind) => /TCP|Server|Timeout|Process/.test(kind));

test('all roles poll their queues, and a shutdown leaves nothing open', async () => {
  const before = openHandles();
  const connection = await connectWorker();
  const workers = await startWorkers(options(connection));
  const health = await serveHealth(workers, 0);
  const readyz = async () => (await fetch(`http://127.0.0.1:${health.port}/readyz`)).status;
  expect(workers.status()).toEqual(roles.map((role) => ({ role, state: 'RUNNING' })));
  expect(await readyz()).toBe(200);

  const client = await connectClient();
  for (const role of roles) {
    const { pollers } = await client.connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: QUEUES[role] },
      taskQueueType: role === 'workflows' ? 1 : 2,
    });
    expect(
      pollers!.map(({ identity }) => identity),
      role,
    ).toContain(`workers-test/${role}`);
  }
  await client.connection.close();

  const began = performance.now();
  await Promise.all([workers.shutdown(), workers.shutdown()]);
  expect(performance.now() - began).toBeLessThan(10_000);
  await workers.done;
  expect(workers.status()).toEqual(roles.map((role) => ({ role, state: 'STOPPED' })));
  expect(await readyz()).toBe(503);

  health.server.closeAllConnections();
  await new Promise((resolve) => health.server.close(resolve));
  // It refuses to close while a worker still holds it.
  await connection.close();
  const after = () => {
    const left = openHandles();
    for (const kind of before) if (left.includes(kind)) left.splice(left.indexOf(kind), 1);
    return left.filter((kind) => kind !== 'Timeout');
  };
  await expect.poll(after, { timeout: 8_000 }).toEqual([]);
});

test('a shutdown right after the start ends too', async () => {
  const connection = await connectWorker();
  const workers = await startWorkers(options(connection));
  await workers.shutdown();
  expect(new Set(workers.status().map(({ state }) => state))).toEqual(new Set(['STOPPED']));
  await connection.close();
});

test('a start that fails for one role leaves no other holding the connection', async () => {
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const broken = {
    ...options(connection),
    roles: ['cpu', 'workflows'] as Role[],
    workflowBundle: join(folder, 'none'),
  };
  await expect(startWorkers(broken)).rejects.toThrow();
  await connection.close();
});
