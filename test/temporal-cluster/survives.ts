import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/cli/setup/process.ts';
import { Bench, eventually, type RunHandle } from '../support/bench.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';
import { type Cluster, startCluster } from '../support/temporal-cluster/cluster.ts';
import { compare, readTraces } from '../support/traces.ts';
import { startTestWorkers } from '../support/workers.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
  const setUp = () => critiqueLoop('setup-namespace');
  expect(await setUp()).toEqual({
    code: 0,
    said: expect.stringMatching(
      /^namespace default registered; it keeps closed runs for 30 days\nsearch attributes registered: CritiqueLoopModel/,
    ),
  });
  expect(await setUp()).toEqual({
    code: 0,
    said: 'namespace default is there, and keeps closed runs for 30 days\nsearch attributes are there',
  });
});
afterAll(() => cluster?.remove());

const calmly = Bench.use(() => temporalAddress);
const bench = Bench.use(() => cluster.address);

async function critiqueLoop(...args: string[]) {
  const { code, lines } = await run(process.execPath, [join(import.meta.dirname, '../../dist/cli/main.js'), ...args], {
    env: { ...process.env, TEMPORAL_ADDRESS: cluster.address },
  });
  return { code, said: lines.join('\n') };
}

/** On the development server, in peace. */
async function calmRows(): Promise<Map<string, string>> {
  const handle = await calmly.start('calm', calmly.input(await calmly.fake(), SHAPE));
  await handle.result();
  const { rows, duplicated } = await readTraces(calmly.workers.store.path('runs/calm'));
  expect(duplicated).toBe(0);
  return rows;
}
const SHAPE = { iterations: 2, pool: 60 };
let calm: Promise<Map<string, string>> | undefined;

/** A run on the cluster with its rows compared to the calm one's; `strike` happens in the middle of its first iteration. */
async function disturbed(workflowId: string, strike: (handle: RunHandle) => Promise<void>) {
  calm ??= calmRows();
  const before = await calm;
  const fake = await bench.fake();
  fake.fault = () => ({ delayMs: 60 });
  const handle = await bench.start(workflowId, bench.input(fake, SHAPE));
  await eventually('the 60th answer', async () => fake.requests.length >= 60, 180_000);
  await strike(handle);
  expect(await handle.result()).toMatchObject({ status: 'completed' });
  const { rows, duplicated } = await readTraces(bench.workers.store.path(`runs/${workflowId}`));
  expect({ ...compare(before, rows), duplicated }).toEqual({
    total: before.size,
    ...{ lost: 0, different: 0, added: 0, duplicated: 0 },
  });
  expect(before.size).toBeGreaterThan(200);
}

/** How long it took from now until the run could be queried, and until its next activity began. */
async function recovery(handle: RunHandle): Promise<string> {
  const began = Date.now();
  const passed = () => ((Date.now() - began) / 1000).toFixed(1);
  const { started } = bench.workers;
  const before = started.length;
  const goesOn = eventually('another activity', async () => started.length > before, 300_000).then(passed);
  const answer = () => bench.client.withDeadline(Date.now() + 2_000, () => bench.progress(handle)).catch(() => null);
  const answers = eventually('an answer to a query', answer, 300_000).then(passed);
  const [answered, wentOn] = await Promise.all([answers, goesOn]);
  return `it answers after ${answered} s, its next activity begins after ${wentOn} s`;
}

test('a host with all services that is killed: the other one takes its shards over, and the run ends as in peace', async () => {
  const [first] = cluster.hosts;
  await disturbed('host-killed', async (handle) => {
    await first!.kill();
    process.stdout.write(`host killed: ${await recovery(handle)}\n`);
  });
  await first!.start();

  const query = `WorkflowType = 'selfImprove' AND CritiqueLoopModel = '${bench.actorFolder}' AND CritiqueLoopIteration = 2 AND CritiqueLoopAccuracy > 0`;
  const listed = await eventually('the run in the list', async () => {
    const { code, stdout } = await run(temporalCli, [
      ...['workflow', 'list', '--address', cluster.address, '--query', query, '-o', 'json'],
    ]);
    return code === 0 && (JSON.parse(stdout) as { execution: { workflowId: string } }[]);
  });
  expect(listed.map(({ execution }) => execution.workflowId)).toEqual(['host-killed']);
});

const DOWN_MS = 60_000;

test('PostgreSQL crashed and away for a minute: the run waits for it, and ends as in peace', async () => {
  const { postgres } = cluster;
  await disturbed('database-away', async (handle) => {
    await postgres.crash();
    await sleep(DOWN_MS);
    await postgres.start();
    process.stdout.write(`database away for ${DOWN_MS / 1000} s, and back: ${await recovery(handle)}\n`);
  });
});

test('the database and the store lost, and restored as docs/operate.md has it: the run goes on from there, and ends as in peace', async () => {
  const { postgres, hosts } = cluster;
  const store = bench.workers.store.root;
  const copy = join(bench.folder, 'copy');
  await disturbed('restored', async (handle) => {
    await postgres.backup();
    await cp(store, copy, { recursive: true });
    const stage = async () => (await bench.progress(handle)).stage;
    const atBackup = await stage();
    await eventually('another stage', async () => (await stage()) !== atBackup, 180_000);

    await bench.workers.shutdown();
    for (const host of hosts) await host.kill();
    await postgres.crash();
    await rm(store, { recursive: true });
    await postgres.restore();
    await cp(copy, store, { recursive: true });
    await postgres.start();
    for (const host of hosts) await host.start();
    // As a service manager does it: a server refuses until it is whole.
    const workers = () => startTestWorkers({ address: cluster.address, store }).catch(() => null);
    bench.workers = await eventually('workers', workers, 120_000);
    expect(await eventually('an answer', () => stage().catch(() => null), 300_000)).toBe(atBackup);
  });
});
