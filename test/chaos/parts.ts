import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { runningTrainer } from '../../src/backends/training/process.ts';
import { type DevServer, startDevServer } from '../../src/cli/setup/dev-server.ts';
import type { Role } from '../../src/workflows/queues.ts';
import { type EngineProcess, startEngine } from '../support/engine-process.ts';
import type { EngineServerOptions } from '../support/engine-server.ts';
import { type FineTune, readFineTune } from '../support/fine-tune-record.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';
import { Supervised } from './supervised.ts';

export interface PartsOptions {
  /** Where everything that they write goes. */
  folder: string;
  /** The `temporal` program. */
  cli: string;
  /** An interpreter with the trainer's packages. */
  python: string;
  engine: Pick<EngineServerOptions, 'train' | 'test' | 'latencyMs'>;
}

/** Everything that a run needs, each in a process of its own: the server, the engine, and workers of all roles. The trainer is the run's. */
export interface Parts {
  store: string;
  client: Client;
  engineUrl: string;
  engineLog: string;
  server: Supervised<DevServer>;
  engine: Supervised<EngineProcess>;
  workers: Record<'inference' | 'other inference' | 'workflows' | 'train', Supervised<SpawnedWorker>>;
}

export async function startParts({ folder, cli, python, engine: engineOptions }: PartsOptions): Promise<Parts> {
  const store = join(folder, 'store');
  const ports: { temporal: number | 'any'; ui: number | 'any'; engine: number } = {
    temporal: 'any',
    ui: 'any',
    engine: 0,
  };
  const server = new Supervised('server', {
    start: () => startServer(folder, cli, ports),
    kill: async ({ pid, died, stop }) => {
      process.kill(pid, 'SIGKILL');
      await died;
      await stop();
    },
  });
  const { address } = await server.up();
  ports.temporal = portOf(address);
  ports.ui = portOf((await server.up()).uiUrl);

  const engineLog = join(folder, 'engine.log');
  const engine = new Supervised('engine', {
    start: () => startEngine({ ...engineOptions, port: ports.engine, log: engineLog, store, models: ['critic'] }),
    kill: (it) => it.kill(),
  });
  const engineUrl = (await engine.up()).url;
  ports.engine = portOf(engineUrl.replace('/v1', ''));

  const worker = (name: string, roles: Role[]) => {
    const supervised: Supervised<SpawnedWorker> = new Supervised(name, {
      start: async () => {
        const worker = await spawnWorker({ roles, address, store, env: { CRITIQUE_LOOP_PYTHON: python } });
        worker.process.once('exit', (code) => {
          if (code !== null) supervised.crashed();
        });
        return worker;
      },
      kill: (it) => it.kill(),
    });
    return supervised;
  };
  const workers = {
    inference: worker('inference worker 1', ['inference']),
    'other inference': worker('inference worker 2', ['inference']),
    workflows: worker('worker of workflows and cpu', ['workflows', 'cpu']),
    train: worker('train worker', ['train']),
  };
  await Promise.all(Object.values(workers).map((it) => it.up()));
  const client = new Client({ connection: await Connection.connect({ address }), identity: 'chaos' });
  return { store, client, engineUrl, engineLog, server, engine, workers };
}

export const allOf = ({ workers, engine, server }: Parts) => [...Object.values(workers), engine, server];

export async function stopParts(parts: Parts): Promise<void> {
  for (const part of allOf(parts)) await part.end();
  await parts.client.connection.close();
}

const fineTuneFolder = (parts: Parts, runId: string, iteration: number): string =>
  join(parts.store, `runs/${runId}/iteration-${iteration}/fine-tune`);

/** The fine-tunes of a run, as far as they got. */
export const fineTunes = (parts: Parts, runId: string, iterations: number): FineTune[] =>
  Array.from({ length: iterations + 1 }, (_, i) => readFineTune(fineTuneFolder(parts, runId, i)));

/** kill -9 of the trainer of a fine-tune, once it runs; null where the fine-tune is over by then. */
export async function killTrainer(parts: Parts, runId: string, iteration: number): Promise<{ at: number } | null> {
  const folder = fineTuneFolder(parts, runId, iteration);
  for (;;) {
    if (readFineTune(folder).weights !== null) return null;
    const trainer = await runningTrainer(folder);
    if (trainer) {
      process.kill(trainer.pid, 'SIGKILL');
      return { at: Date.now() };
    }
    await sleep(20);
  }
}

function startServer(
  folder: string,
  cli: string,
  ports: { temporal: number | 'any'; ui: number | 'any' },
): Promise<DevServer> {
  return startDevServer({
    cli,
    dbFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
    port: ports.temporal,
    uiPort: ports.ui,
    log: () => {},
  });
}

const portOf = (address: string): number => Number(address.split(':').at(-1));
