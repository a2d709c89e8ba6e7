import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench, fingerprint } from '../support/bench.ts';
import type { FakeRequest } from '../support/fake-openai.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';
import { startTestWorkers } from '../support/workers.ts';

let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer(temporalCli, {});
});
const bench = Bench.use(() => server.address);
const peaceful = Bench.use(() => temporalAddress);
afterAll(async () => {
  await server.stop();
});

const SHAPE = { iterations: 1, pool: 30, tested: 20 };
const explores = ({ question }: FakeRequest) => question.id.startsWith('arithmetic-train');

it('a run whose database is lost goes on from its rows, under its ID and with its input, on an empty one', async () => {
  const fake = await bench.fake();
  const input = bench.input(fake, SHAPE);
  const hold = fake.hold(explores);
  await bench.start('lost', input);
  await hold.reached();
  const evaluated = fake.requests.filter((request) => !explores(request)).length;
  expect(evaluated).toBeGreaterThan(0);
  await bench.workers.shutdown();
  hold.release();
  await bench.client.connection.close();
  await server.stop();

  server = await startOwnServer(temporalCli, {});
  bench.client = new Client({ connection: await Connection.connect({ address: server.address }) });
  bench.workers = await startTestWorkers({ address: server.address, store: bench.workers.store.root });
  const handle = await bench.start('lost', input);
  expect(await handle.result()).toMatchObject({ status: 'completed' });
  // Iteration 0 was measured, and is not measured again.
  expect(fake.repeated.filter((request) => !explores(request))).toEqual([]);

  const other = await peaceful.start('lost', peaceful.input(await peaceful.fake(), SHAPE));
  await other.result();
  expect(await fingerprint(bench.workers.store.root, 'lost')).toBe(
    await fingerprint(peaceful.workers.store.root, 'lost'),
  );
});
