import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';
import type { evaluate } from '../../src/workflows/evaluate.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import { eventually } from '../support/bench.ts';
import { readEngineLog, startEngine } from '../support/engine-process.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { compare, readTraces, type Traces } from '../support/traces.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';
import { type Host, Network, noHosts } from './network.ts';

/** Milliseconds that an answer takes on each host: h2 is the slow one, h3 twice, h4 and h5 four times as fast. */
const LATENCY: Record<string, number> = { h2: 800, h3: 400, h4: 200, h5: 200 };
/** Every host has an engine of its own there. */
const ENGINE_PORT = 9000;
const QUESTIONS = 1200;
const CUT_MS = 30_000;
/** State of an activity that a worker has. */
const STARTED = 2;

const why = noHosts();
if (why) console.warn(`several hosts: skipped: ${why}`);

describe.skipIf(why !== null)('several hosts', () => {
  let folder: string;
  let network: Network;
  let server: OwnServer;
  let client: Client;
  const hosts = new Map<string, Host>();
  const workers = new Map<string, SpawnedWorker>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'critique-loop-hosts-'));
    network = await Network.create();
    server = await startOwnServer(await ensureTemporalCli({ log: console.log }), {}, { host: network.address });
    client = new Client({ connection: await Connection.connect({ address: server.address }) });
    const { within } = await addHost('h1');
    await spawnWorker({ roles: ['workflows', 'cpu'], address: server.address, store: store(), within });
    await Promise.all(['h2', 'h3', 'h4'].map(addEngine));
  });
  afterAll(async () => {
    await client?.connection.close();
    await network?.remove();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const store = () => join(folder, 'store');
  const logOf = (name: string) => join(folder, `${name}.log`);

  async function addHost(name: string): Promise<Host> {
    const host = await network.host(name);
    hosts.set(name, host);
    return host;
  }

  /** A host with an engine and an inference worker; gives when the worker began to poll. */
  async function addEngine(name: string): Promise<number> {
    const { within } = await addHost(name);
    await writeFile(logOf(name), '');
    const engine = { port: ENGINE_PORT, test: QUESTIONS, train: 0, models: ['actor', 'critic'], log: logOf(name) };
    await startEngine({ ...engine, latencyMs: LATENCY[name]! }, within);
    const env = { CRITIQUE_LOOP_SHARDS_AT_ONCE: '2' };
    const options = { address: server.address, store: store(), env, within };
    workers.set(name, await spawnWorker({ roles: ['inference'], ...options }));
    return Date.now();
  }

  /** One URL, at which each host finds its own engine. */
  const input = () => {
    const url = `http://127.0.0.1:${ENGINE_PORT}/v1`;
    const limited = { endpoint: { baseUrl: url, maxInFlight: 8 } };
    return anEvaluation({
      url,
      tested: QUESTIONS,
      actor: limited,
      critic: limited,
      samples: 1,
      samplesWithCritic: 1,
      shards: 24,
    });
  };

  async function start(workflowId: string) {
    return await client.workflow.start<typeof evaluate>('evaluate', {
      workflowId,
      taskQueue: QUEUES.workflows,
      args: [input()],
    });
  }

  const traces = (id: string): Promise<Traces> => readTraces(join(store(), 'runs', id));

  /** Answers of each host's engine in a time. */
  async function answered(names: string[], from: number, to: number): Promise<Record<string, number>> {
    const count = async (name: string) =>
      (await readEngineLog(logOf(name))).filter(({ what, at }) => what === 'answered' && at >= from && at < to).length;
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await count(name)] as const)));
  }

  /** Who works on each unfinished shard of an evaluation now; empty where it waits. */
  async function shardsOf(id: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const pass of ['greedy', 'samples']) {
      const child = client.workflow.getHandle(`${id}/${pass}`);
      const described = await child.describe().catch(() => null);
      for (const { activityId, state, lastWorkerIdentity } of described?.raw.pendingActivities ?? [])
        found.set(`${pass} ${activityId}`, state === STARTED ? lastWorkerIdentity! : '');
    }
    return found;
  }

  /** Milliseconds until others have begun each shard that a host has at this moment. */
  async function takenOver(id: string, name: string): Promise<number> {
    const began = Date.now();
    const identity = `${workers.get(name)!.pid}/inference`;
    const waiting = new Set([...(await shardsOf(id))].flatMap(([shard, by]) => (by === identity ? [shard] : [])));
    expect(waiting.size).toBeGreaterThan(0);
    const none = async () => {
      const now = await shardsOf(id);
      for (const shard of waiting) if (!['', identity].includes(now.get(shard) ?? 'done')) waiting.delete(shard);
      return waiting.size === 0;
    };
    await eventually(`others on the shards of ${name}`, none, 60_000);
    return Date.now() - began;
  }

  let calm: Traces;

  it('share the work by their speed', async () => {
    const began = Date.now();
    expect((await (await start('calm')).result()).status).toBe('completed');
    const ended = Date.now();
    calm = await traces('calm');
    const by = await answered(['h2', 'h3', 'h4'], began, ended);
    console.table({ calm: { ...by, seconds: (ended - began) / 1000 } });
    // 2 and 4, less what a machine without time to spare takes from the fast ones.
    expect(by.h3! / by.h2!).toBeGreaterThan(1.3);
    expect(by.h3! / by.h2!).toBeLessThan(2.7);
    expect(by.h4! / by.h2!).toBeGreaterThan(2.2);
    expect(by.h4! / by.h2!).toBeLessThan(5.5);
  });

  it('lose nothing where one is lost, one joins and one is cut off', async () => {
    const began = Date.now();
    const run = await start('disturbed');
    const hasWork = async (name: string, count: number) => {
      const done = async () => (await answered([name], began, Infinity))[name]! >= count;
      await eventually(`${count} answers of ${name}`, done, 120_000);
    };
    await hasWork('h4', 100);
    const lost = takenOver('disturbed', 'h4');
    await hosts.get('h4')!.lose();
    const joinedAt = await addEngine('h5');
    await hasWork('h5', 100);
    const cut = takenOver('disturbed', 'h3');
    await hosts.get('h3')!.unplug();
    await sleep(CUT_MS);
    await hosts.get('h3')!.plug();
    const backAt = Date.now();
    expect((await run.describe()).status.name).toBe('RUNNING');
    expect((await run.result()).status).toBe('completed');
    const ended = Date.now();

    const firstOf = async (name: string, from: number) =>
      (await readEngineLog(logOf(name))).find(({ what, at }) => what === 'begun' && at >= from)!.at - from;
    const disturbed = await traces('disturbed');
    const rows = compare(calm.rows, disturbed.rows);
    const seconds = (ms: number) => Math.round(ms / 100) / 10;
    console.table({
      'h4 lost (kill -9): its shards begin elsewhere': { seconds: seconds(await lost) },
      'h5 joins: its first request': { seconds: seconds(await firstOf('h5', joinedAt)) },
      'h3 cut off for 30 s: its shards begin elsewhere': { seconds: seconds(await cut) },
      'h3 back: its first request': { seconds: seconds(await firstOf('h3', backAt)) },
      'the whole run': { seconds: seconds(ended - began) },
    });
    console.table({ disturbed: await answered(['h2', 'h3', 'h4', 'h5'], began, ended) });
    console.table({ rows: { ...rows, twice: disturbed.duplicated } });
    expect(rows).toEqual({ total: calm.rows.size, lost: 0, different: 0, added: 0 });
    expect([calm.duplicated, disturbed.duplicated]).toEqual([0, 0]);
    expect(await cut).toBeLessThan(CUT_MS);
  });
});
