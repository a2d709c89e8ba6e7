import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomFrom } from '../../src/method/random.ts';
import { type Attempt, rowKey } from '../../src/method/rows.ts';
import { Bench, eventually, fingerprint } from '../support/bench.ts';
import type { FakeOpenAi, FakeRequest } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';
import { everythingReal } from './everything-real.ts';

const bench = Bench.use(() => temporalAddress, { roles: ['workflows', 'cpu', 'train'] });
const spawned: SpawnedWorker[] = [];

/** Both tests mostly wait until missing heartbeats are noticed, so they go side by side. */
let real: Promise<void>;

beforeAll(() => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
  real = everythingReal();
  real.catch(() => {});
});
afterAll(async () => {
  for (const { process, kill } of spawned) if (process.exitCode === null && process.signalCode === null) await kill();
});

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

/** What a kill now may lose: requests in flight, and rows of the last second, with half a second more for a busy machine. */
const atRisk = (fake: FakeOpenAi) =>
  fake.inFlight + fake.requests.filter(({ answeredAt = 0 }) => answeredAt > Date.now() - 1_500).length;

it('an inference worker killed in the middle of shards, and one told to go, leave the same rows; a stop now needs no worker', async () => {
  const random = randomFrom(20_26);
  const [fake, other] = [await bench.fake(), await bench.fake()];
  fake.fault = () => ({ delayMs: 80 });
  let worker = await inferenceWorker();
  const handle = await bench.start('killed', input(fake));
  const hold = other.hold(explores);
  const stopped = await bench.start('killed-stopped', bench.input(other, { pool: 40, tested: 20 }));
  await hold.reached();

  let risk = 0;
  const pauses: number[] = [];
  for (const kind of ['solve', 'critique'] as const) {
    await untilAnswered(fake, kind, 40 + random.int(80));
    risk += atRisk(fake);
    await worker.kill();
    const killed = Date.now();
    await eventually('the end of its connections', async () => fake.inFlight === 0, 10_000);
    const asked = fake.requests.length;
    const lost = new Set(fake.requests.filter(({ state }) => state === 'abandoned').map(({ key }) => key));
    if (kind === 'solve') await stopped.signal('stop', { mode: 'now', reason: 'the worker is gone' });
    worker = await inferenceWorker();
    const again = () => fake.requests.slice(asked).some(({ key }) => lost.has(key));
    await eventually('the next attempt', async () => again(), 60_000);
    pauses.push((Date.now() - killed) / 1000);
  }
  await untilAnswered(fake, 'refine', 40 + random.int(40));
  const repeatedByKills = fake.repeated.length;
  const drained = await worker.stop();
  expect(drained.code).toBe(0);
  expect(worker.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['worker draining', 'worker ended']));
  await inferenceWorker();
  expect((await handle.result()).status).toBe('completed');

  const calm = await bench.fake();
  await (await bench.start('calm', input(calm))).result();
  const store = bench.workers.store.root;
  expect(await fingerprint(store, 'killed')).toBe(await fingerprint(store, 'calm'));
  for (const stage of ['sample', 'critique', 'refine']) {
    const keys = (await bench.stage<Attempt>('killed', `iteration-1/${stage}`)).map(rowKey);
    expect(new Set(keys).size).toBe(keys.length);
  }
  expect(repeatedByKills).toBeLessThanOrEqual(risk);
  expect(fake.repeated.length - repeatedByKills, 'repeated after SIGTERM').toBe(0);
  expect(await stopped.result()).toMatchObject({
    status: 'stopped',
    reason: 'the worker is gone',
    checkpoint: { uri: expect.stringContaining('/iteration-0/') },
  });
  process.stdout.write(
    `2 kills: ${repeatedByKills} of ${calm.requests.length} requests answered twice (${risk} at risk), ` +
      `next attempt after ${pauses.map((s) => s.toFixed(1)).join(' and ')} s; SIGTERM: 0 twice, ${drained.seconds.toFixed(1)} s\n`,
  );
});

it('trainer, worker, engine and server killed in turn leave the same weights', async () => {
  await real;
});
