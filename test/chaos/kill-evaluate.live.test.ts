import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Attempt, rowKey } from '../../src/method/rows.ts';
import { Bench, eventually, fingerprint } from '../support/bench.ts';
import { anEvaluation, questionsOf } from '../support/evaluate-input.ts';
import type { FakeOpenAi, FakeRequest } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';

const bench = Bench.use(() => temporalAddress, { roles: ['workflows', 'cpu'] });
let worker: SpawnedWorker;

const inferenceWorker = () =>
  spawnWorker({ roles: ['inference'], address: temporalAddress, store: bench.workers.store.root });

beforeAll(async () => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
  worker = await inferenceWorker();
});
afterAll(async () => {
  await worker.kill();
});

const TESTED = 150;

function input(fake: FakeOpenAi) {
  const endpoint = { baseUrl: fake.url, maxInFlight: 16 };
  const shape = { gates: ['always', 'verdict'] as ('always' | 'verdict')[], sequential: { rounds: 2 } };
  return anEvaluation({ url: fake.url, tested: TESTED, actor: { endpoint }, critic: { endpoint }, ...shape });
}

const engine = () => bench.fake({ questions: questionsOf(TESTED), models: ['actor', 'critic'] });

it('an inference worker killed twice in the middle of an evaluation leaves the same rows and the same numbers', async () => {
  const calm = await (await bench.startEvaluation('evaluate-calm', input(await engine()))).result();

  const fake = await engine();
  fake.fault = () => ({ delayMs: 40 });
  const handle = await bench.startEvaluation('evaluate-killed', input(fake));
  let risk = 0;
  for (const [kind, answers] of [
    ['critique', 200],
    ['refine', 400],
  ] satisfies [FakeRequest['kind'], number][]) {
    const answered = () => fake.requests.filter((it) => it.kind === kind && it.state === 'answered').length;
    await eventually(`${answers} answers (${kind})`, async () => answered() >= answers, 120_000);
    // Rows of the last second are not yet safe; half a second more for a busy machine.
    risk += fake.inFlight + fake.requests.filter(({ answeredAt = 0 }) => answeredAt > Date.now() - 1_500).length;
    await worker.kill();
    worker = await inferenceWorker();
  }
  const result = await handle.result();

  expect(result).toMatchObject({ status: 'completed', questions: TESTED });
  expect(result.strategies).toEqual(calm.strategies);
  const { root } = bench.workers.store;
  expect(await fingerprint(root, 'evaluate-killed')).toBe(await fingerprint(root, 'evaluate-calm'));
  const rows = await bench.stage<Attempt>('evaluate-killed', 'samples/refine');
  expect(new Set(rows.map(rowKey)).size).toBe(rows.length);
  expect(fake.repeated.length).toBeLessThanOrEqual(risk);
  process.stdout.write(
    `killed twice: ${fake.repeated.length} of ${fake.requests.length} requests again, at risk ${risk}\n`,
  );
});
