import { setTimeout as sleep } from 'node:timers/promises';
import { readRows } from '../../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import type { Attempt } from '../../../src/method/rows.ts';
import { processTree } from '../../support/process-tree.ts';
import type { Asked } from './asked.ts';
import { type Drawn, Service } from './service.ts';

interface Rate {
  tokensPerSecond: number;
  seconds: number;
  /** Rows of each worker. */
  rows: number[];
}

interface Scaled {
  model: string;
  workers: number;
  all: Rate;
  one: Rate;
  /** Tokens a second of all to those of one. */
  speedup: number;
  /** The same with the last worker killed half-way; null: none was. */
  killed: (Rate & Keys & { atQuestions: number; leftOverProcesses: string[] }) | null;
}

interface Keys {
  expectedKeys: number;
  distinctKeys: number;
  /** Rows of all shards. */
  totalRows: number;
}

/** Inference workers with a GPU each on the one task queue. */
export async function measureScaling(options: {
  name: string;
  path: string;
  asked: Asked;
  args: readonly string[];
  gpus: readonly string[];
  kill: boolean;
  log: (line: string) => void;
}): Promise<Scaled> {
  const { name, path, asked, args, gpus, kill, log } = options;
  const workers = gpus.length;
  const service = await Service.start({ asked: { ...asked, model: path }, gpus, args, log });
  try {
    log(`${workers} workers are ready`);
    const all = rate(service, await service.draw('all'));
    log(`all: ${all.tokensPerSecond} tokens/s, rows ${all.rows.join(', ')}`);
    const killed = kill ? await killHalfWay(service, asked, log) : null;
    const rest = service.inference.slice(1, kill ? -1 : undefined);
    await Promise.all(rest.map((worker) => worker.stop()));
    const one = rate(service, await service.draw('one'));
    log(`one: ${one.tokensPerSecond} tokens/s`);
    const speedup = Math.round((100 * all.tokensPerSecond) / one.tokensPerSecond) / 100;
    return { model: name, workers, all, one, speedup, killed };
  } finally {
    await service.stop();
  }
}

async function killHalfWay(
  service: Service,
  asked: Asked,
  log: (line: string) => void,
): Promise<NonNullable<Scaled['killed']>> {
  const victim = service.inference.at(-1)!;
  const tree = await processTree(victim.pid);
  let atQuestions = 0;
  const drawn = await service.draw('killed', async () => {
    while (atQuestions < asked.questions / 2) {
      await sleep(100);
      atQuestions = await service.questionsDone('killed');
    }
    await victim.kill();
    log(`killed a worker after ${atQuestions} questions`);
  });
  const left = (await Promise.all(tree.map(({ pid }) => processTree(pid)))).flat();
  const keys = await keysOf(service.store, drawn, asked);
  log(`killed: ${keys.distinctKeys} keys of ${keys.expectedKeys} in ${keys.totalRows} rows`);
  const leftOverProcesses = left.map(({ command }) => command.slice(0, 100));
  return { ...rate(service, drawn), ...keys, atQuestions, leftOverProcesses };
}

async function keysOf(store: string, { shards }: Drawn, { questions, samples }: Asked): Promise<Keys> {
  const keys = new Set<string>();
  let totalRows = 0;
  for (const { artifact } of shards)
    for await (const { question, sample } of readRows<Attempt>(new FolderStore(store), artifact)) {
      keys.add(`${question.id} ${sample}`);
      totalRows++;
    }
  return { expectedKeys: questions * samples, distinctKeys: keys.size, totalRows };
}

function rate({ inference }: Service, { completionTokens, seconds, shards }: Drawn): Rate {
  const rowsOf = (pid: number) =>
    shards
      .filter(({ worker }) => worker.startsWith(`${pid}/`))
      .reduce((total, { artifact }) => total + artifact.rows, 0);
  return {
    tokensPerSecond: Math.round(completionTokens / seconds),
    seconds: Math.round(100 * seconds) / 100,
    rows: inference.map(({ pid }) => rowsOf(pid)),
  };
}
