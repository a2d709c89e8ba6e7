import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../scripts/bundle.mjs';
import { withFailures } from '../../src/activities/failures.ts';
import { connectClient, connectWorker } from '../support/temporal.ts';
import { installLogger } from '../support/workers.ts';

const taskQueue = 'big-payloads';
let client: Client;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  installLogger();
  client = await connectClient();
  connection = await connectWorker();
  const code = await bundleWorkflows(join(import.meta.dirname, '../support/big-payloads.ts'));
  const activities = {
    take: withFailures(async (text: string) => text.length),
    make: withFailures(async (length: number) => 'x'.repeat(length)),
  };
  worker = await Worker.create({ connection, taskQueue, workflowBundle: { code }, activities });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await client.connection.close();
  await connection.close();
});

const start = (type: string) => client.workflow.start(type, { workflowId: `big-${type}`, taskQueue });
const failure = async (type: string) =>
  await (await start(type)).result().then(
    () => null,
    ({ cause }) => cause as { type?: string; message?: string; cause?: { type: string; message: string } },
  );

describe('what would be too much for history fails the run at once: what', () => {
  it.each([
    ['toAnActivity', 'what take is told: 3.0 MB, expected at most 1 MB: rows belong into the store'],
    ['toManyActivities', 'what take is told: 3.6 MB with what goes with it, expected at most 1 MB'],
    ['toAChild', 'the input of the child swallow: 3.0 MB, expected at most 1 MB'],
    ['toAParent', 'the signal "stop": 3.0 MB, expected at most 1 MB'],
    ['asItsResult', 'the result: 3.0 MB, expected at most 1 MB'],
    ['carriedOver', 'what is carried over: 3.0 MB, expected at most 1 MB'],
  ])('goes %s', async (type, message) => {
    const failed = await failure(type);
    expect(failed).toMatchObject({ type: 'PayloadsTooLarge', message: expect.stringContaining(message) });
    const { events } = await client.workflow.getHandle(`big-${type}`).fetchHistory();
    expect(events!.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
  });

  it('comes from an activity, which is not tried again', async () => {
    const failed = await failure('fromAnActivity');
    expect(failed?.cause).toMatchObject({
      type: 'PayloadsTooLarge',
      message: 'its result is 3.0 MB, expected at most 1 MB: rows belong into the store',
    });
  });

  it('is an answer: it is refused, and the run goes on', async () => {
    const handle = await start('asAnAnswer');
    await expect(handle.executeUpdate('ask')).rejects.toMatchObject({
      cause: { type: 'PayloadsTooLarge', message: expect.stringContaining('the answer to "ask": 3.0 MB') },
    });
    expect(await handle.result()).toBe('done');
  });
});

it('what is small enough goes', async () => {
  expect(await (await start('enough')).result()).toBe(Math.floor(0.9 * 1024 * 1024));
});
