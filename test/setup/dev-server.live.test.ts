import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startDevServer } from '../../src/cli/setup/dev-server.ts';
import { connectClient, temporalCli } from '../support/temporal.ts';

async function options() {
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-server-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { cli: temporalCli, logFile: join(folder, 'log'), port: 'any', uiPort: 'any', log: () => {} } as const;
}

it('has our search attributes and answers', async () => {
  const client = await connectClient();
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining([
      'CritiqueLoopModel',
      'CritiqueLoopDataset',
      'CritiqueLoopIteration',
      'CritiqueLoopAccuracy',
    ]),
  );
});

it('refuses a second server on the same database, and starts again after the first has stopped', async () => {
  const base = await options();
  const dbFile = `${base.logFile}.db`;
  const first = await startDevServer({ ...base, dbFile });
  await expect(startDevServer({ ...base, dbFile })).rejects.toThrow(
    `is in use by the Temporal server of process ${process.pid}`,
  );
  await first.stop();
  const second = await startDevServer({ ...base, dbFile });
  expect((await fetch(second.uiUrl)).status).toBe(200);
  await second.stop();
  await expect(fetch(second.uiUrl)).rejects.toThrow();
});

it('says so when it dies', async () => {
  const server = await startDevServer(await options());
  process.kill(server.pid, 'SIGKILL');
  expect((await server.died).message).toContain('the Temporal server ended (SIGKILL)');
  await server.stop();
});

it('names a port that is taken, and a program that is none', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => blocker.once('listening', done));
  const { port } = blocker.address() as { port: number };
  await expect(startDevServer({ ...(await options()), port })).rejects.toThrow(`port ${port} is in use`);
  blocker.close();
  await expect(startDevServer({ ...(await options()), cli: '/usr/bin/false' })).rejects.toThrow(
    'ended before it was ready',
  );
});
