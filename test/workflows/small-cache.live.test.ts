import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench, fingerprint } from '../support/bench.ts';
import { anEvaluation, questionsOf } from '../support/evaluate-input.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';
import { logged } from '../support/workers.ts';

let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer(temporalCli, {});
});
/** Fewer than there are at once: what goes on is replayed. */
const small = Bench.use(() => server.address, { maxCachedWorkflows: 3 });
const usual = Bench.use(() => temporalAddress);
afterAll(async () => {
  await server.stop();
});

const EVALUATED = 30;

/** Two runs with critic and an evaluation, all at once, and the hash of all that they generated and selected. */
async function everything(bench: Bench): Promise<Record<string, string>> {
  const fake = await bench.fake();
  const asked = await bench.fake({ questions: questionsOf(EVALUATED), models: ['actor', 'critic'] });
  const evaluation = anEvaluation({ url: asked.url, tested: EVALUATED, sequential: { rounds: 2 } });
  const handles = [
    await bench.start('one', bench.input(fake, { pool: 30, tested: 20, iterations: 1 })),
    await bench.start('two', bench.input(fake, { pool: 30, tested: 20, iterations: 2, seed: 8 })),
    await bench.startEvaluation('evaluation', evaluation),
  ];
  const hashes: Record<string, string> = {};
  for (const handle of handles) {
    expect(await handle.result()).toMatchObject({ status: 'completed' });
    hashes[handle.workflowId] = await fingerprint(bench.workers.store.root, handle.workflowId);
  }
  expect([...fake.repeated, ...asked.repeated]).toEqual([]);
  return hashes;
}

it('workflows that are replayed all the time come to the same', async () => {
  const replayed = await everything(small);
  expect(Object.keys(replayed)).toHaveLength(3);
  expect(replayed).toEqual(await everything(usual));
  expect(logged.filter(({ level }) => level === 'ERROR')).toEqual([]);
  expect(logged.filter(({ message }) => /determinism/i.test(message))).toEqual([]);
});
