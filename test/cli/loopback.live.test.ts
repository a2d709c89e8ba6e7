import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { expect, it, onTestFinished } from 'vitest';
import { QUEUES } from '../../src/workflows/queues.ts';
import { eventually } from '../support/bench.ts';
import { startCommand } from '../support/command.ts';
import { temporaryFolder } from '../support/folder.ts';
import { isLoopback, type Listening, listening } from '../support/listening.ts';
import { temporalAddress } from '../support/temporal.ts';
import { spawnWorker } from '../support/workers.ts';

const elsewhere = (sockets: Listening[]) => sockets.filter((socket) => !isLoopback(socket));

it('dev listens on this machine only: Temporal, its UI, and the engine', async () => {
  const command = startCommand(await temporaryFolder(), 'dev');
  const { child, output } = command;
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  await eventually('its start', async () => /^Ready/m.test(output()), 120_000);
  const address = /--address (\S+)/.exec(output())?.[1] ?? '127.0.0.1:7233';
  const client = new Client({ connection: await Connection.connect({ address }) });
  const model = { model: 'models/actor', maxTokens: 96 };
  const questions = { source: 'arithmetic', split: 'test', count: 2 };
  const handle = await client.workflow.start('evaluate', {
    workflowId: 'loopback',
    taskQueue: QUEUES.workflows,
    args: [{ actor: model, critic: null, questions }],
  });
  await handle.result();
  const sockets = listening(child.pid!);
  await client.connection.close();
  const ports = sockets.map(({ port }) => port);
  const ui = Number(/^UI: \S+:(\d+)/m.exec(output())?.[1]);
  expect(ports).toEqual(expect.arrayContaining([Number(address.split(':')[1]), ui]));
  // Temporal is one process, and the engine another.
  expect(new Set(sockets.map(({ pid }) => pid)).size).toBeGreaterThanOrEqual(2);
  expect(elsewhere(sockets)).toEqual([]);
});

it('a worker listens nowhere, and where it is asked for its health on this machine only', async () => {
  const store = await temporaryFolder();
  const silent = await spawnWorker({ roles: ['cpu'], address: temporalAddress, store });
  expect(listening(silent.pid)).toEqual([]);
  await silent.stop();
  const env = { CRITIQUE_LOOP_HEALTH_PORT: '0', CRITIQUE_LOOP_METRICS: '127.0.0.1:0' };
  const asked = await spawnWorker({ roles: ['cpu'], address: temporalAddress, store, env });
  const sockets = listening(asked.pid);
  await asked.stop();
  expect(sockets).toHaveLength(2);
  expect(elsewhere(sockets)).toEqual([]);
});

it('what listens everywhere is told from what does not', () => {
  const at = (address: string) => isLoopback({ pid: 1, address, port: 1 });
  expect(
    ['0100007F', '0200007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F'].map(at),
  ).toEqual([true, true, true, true]);
  expect(['00000000', '0A00A8C0', '0000007E', '0'.repeat(32), '0000000000000000FFFF00000A00A8C0'].map(at)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
