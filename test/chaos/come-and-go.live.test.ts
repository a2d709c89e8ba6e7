import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench, eventually, fingerprint } from '../support/bench.ts';
import type { FakeOpenAi, FakeRequest } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';

const bench = Bench.use(() => temporalAddress, { roles: ['workflows', 'cpu', 'train'] });
const spawned: SpawnedWorker[] = [];

beforeAll(() => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
});
afterAll(async () => {
  for (const worker of spawned) if (!hasEnded(worker)) await worker.kill();
});

const hasEnded = ({ process }: SpawnedWorker) => process.exitCode !== null || process.signalCode !== null;

async function inferenceWorker(): Promise<SpawnedWorker> {
  const worker = await spawnWorker({ roles: ['inference'], address: temporalAddress, store: bench.workers.store.root });
  spawned.push(worker);
  return worker;
}

function input(fake: FakeOpenAi) {
  const endpoint = { baseUrl: fake.url, maxInFlight: 16 };
  return bench.input(fake, { pool: 300, tested: 50, actor: { endpoint }, critic: { endpoint } });
}

const explores = ({ question }: FakeRequest) => question.id.startsWith('arithmetic-train');

/** Until so many requests of a kind have been answered in the exploration. */
async function untilAnswered(fake: FakeOpenAi, kind: FakeRequest['kind'], count: number): Promise<void> {
  const done = () => fake.requests.filter((it) => explores(it) && it.kind === kind && it.state === 'answered').length;
  await eventually(`${count} answers (${kind})`, async () => done() >= count, 120_000);
}

/** Who works on the shards of an iteration now. */
async function workersOf(iteration: string): Promise<string[]> {
  const { raw } = await bench.client.workflow.getHandle(iteration).describe();
  return (raw.pendingActivities ?? []).flatMap(({ lastWorkerIdentity }) => lastWorkerIdentity || []);
}

it('a worker that joins late takes shards, and one that is told to go repeats nothing', async () => {
  const fake = await bench.fake();
  fake.fault = () => ({ delayMs: 150 });
  const first = await inferenceWorker();
  const handle = await bench.start('come-and-go', input(fake));
  await untilAnswered(fake, 'solve', 20);
  const late = await inferenceWorker();
  const seen = new Set<string>();
  await eventually(
    'shards of both workers',
    async () => {
      for (const identity of await workersOf('come-and-go/iteration-1')) seen.add(identity);
      return [first, late].every(({ pid }) => seen.has(`${pid}/inference`));
    },
    60_000,
  );
  // Half a second for answers that are on their way, on a busy machine.
  const until = Date.now() - 500;
  const safe = new Set(fake.requests.filter(({ answeredAt = until }) => answeredAt < until).map(({ key }) => key));
  expect((await first.stop()).code).toBe(0);
  expect(first.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['worker draining', 'worker ended']));
  expect((await handle.result()).status).toBe('completed');
  expect(fake.repeated.filter(({ key }) => safe.has(key)).length, 'answered twice').toBe(0);

  const calm = await bench.fake();
  await (await bench.start('stay', input(calm))).result();
  const store = bench.workers.store.root;
  expect(await fingerprint(store, 'come-and-go')).toBe(await fingerprint(store, 'stay'));
});

it('a stop now needs no worker: what was finished when the last one was killed is kept', async () => {
  const fake = await bench.fake();
  const worker = await inferenceWorker();
  for (const other of spawned) if (other !== worker && !hasEnded(other)) await other.kill();
  const hold = fake.hold(explores);
  const handle = await bench.start('nobody', bench.input(fake, { pool: 40, tested: 20 }));
  await hold.reached();
  await worker.kill();
  await handle.signal('stop', { mode: 'now', reason: 'the worker is gone' });
  expect(await handle.result()).toMatchObject({
    status: 'stopped',
    reason: 'the worker is gone',
    checkpoint: { uri: expect.stringContaining('/iteration-0/') },
  });
});
