import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { IterationResult, iterate } from '../../src/workflows/iterate.ts';
import { QUEUES, type Role } from '../../src/workflows/queues.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import { startBenchServer, usageOf } from '../support/bench-server.ts';
import { startEngine } from '../support/engine-process.ts';
import { aRun, emptyCheckpoint } from '../support/run-input.ts';
import { spawnWorker, startTestWorkers } from '../support/workers.ts';

/** Workers that are measured, each a process of its own. The trainer is a double, in the process of the bench: it trains nothing. */
const MEASURED = ['workflows', 'cpu', 'inference'] as const satisfies Role[];
const TESTED = 200;
/** What must hold (design.md 7). */
const MOST_EVENTS = 400;
const MOST_MEGABYTES = 512;
const MOST_GROWTH = 1.2;

interface Measured {
  questions: number;
  samples: number;
  /** Of iteration 1: responses, critiques and refinements. */
  rows: number;
  /** Of the whole run. */
  seconds: number;
  /** Over the time of iteration 1's stages of generation. */
  rowsPerSecond: number;
  /** Events and bytes of each history. */
  histories: Record<string, { events: number; bytes: number }>;
  workers: Record<(typeof MEASURED)[number], { peakMB: number; cpuSeconds: number }>;
}

/**
 * `npm run bench -- scale [--questions 1000,100000] [--samples 4] [--json]`: for each size a whole `selfImprove` of one iteration with
 * critic, by real workers, with an engine that answers at once. Prints the length of every history, rows a second, and each worker's
 * largest memory; ends with 1 where a history or a worker is too large, or a worker's memory grows with the questions.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      questions: { type: 'string', default: '1000,100000' },
      samples: { type: 'string', default: '4' },
      json: { type: 'boolean', default: false },
    },
  });
  const found: Measured[] = [];
  for (const questions of values.questions.split(',').map(Number)) {
    const measured = await measure(questions, Number(values.samples));
    found.push(measured);
    if (!values.json) console.dir(measured, { depth: null });
  }
  const wrong = found.flatMap((measured) => problems(measured, found[0]!));
  if (values.json) console.log(JSON.stringify({ sizes: found, problems: wrong }));
  else console.log(wrong.length > 0 ? wrong.join('\n') : 'bounded');
  if (wrong.length > 0) process.exitCode = 1;
}

function problems({ questions, histories, workers }: Measured, smallest: Measured): string[] {
  const long = Object.entries(histories)
    .filter(([, { events }]) => events > MOST_EVENTS)
    .map(([id, { events }]) => `${questions} questions: the history of ${id} has ${events} events`);
  const large = MEASURED.flatMap((role) => {
    const { peakMB } = workers[role];
    const before = smallest.workers[role].peakMB;
    const what = `${questions} questions: the worker ${role} took ${peakMB} MB`;
    if (peakMB > MOST_MEGABYTES) return [what];
    return peakMB > MOST_GROWTH * before ? [`${what}, and ${before} MB with ${smallest.questions}`] : [];
  });
  return [...long, ...large];
}

async function measure(questions: number, samples: number): Promise<Measured> {
  const server = await startBenchServer();
  const { address, folder } = server;
  const store = join(folder, 'store');
  const engine = await startEngine({ store, train: questions, test: TESTED });
  const trainer = await startTestWorkers({ address, store, roles: ['train'] });
  const workers = await Promise.all(
    MEASURED.map(async (role) => [role, await spawnWorker({ roles: [role], address, store })] as const),
  );
  try {
    const client = new Client({ connection: await Connection.connect({ address }) });
    const actorFolder = await emptyCheckpoint(join(folder, 'actor'));
    const input = aRun({ actorFolder, url: engine.url, pool: questions, tested: TESTED, samples });
    const started = Date.now();
    const result = await client.workflow.execute<typeof selfImprove>('selfImprove', {
      workflowId: 'bench',
      taskQueue: QUEUES.workflows,
      args: [input],
    });
    const seconds = (Date.now() - started) / 1000;
    if (result.status !== 'completed') throw new Error(`the run was ${result.status}`);
    const histories: Measured['histories'] = {};
    for (const id of ['bench', 'bench/iteration-0', 'bench/iteration-1']) {
      const { historyLength, historySize = 0 } = await client.workflow.getHandle(id).describe();
      histories[id] = { events: historyLength, bytes: historySize };
    }
    const { stages } = await client.workflow.getHandle<typeof iterate>('bench/iteration-1').result();
    const rows = await rowsOf(store);
    const peaks = await Promise.all(workers.map(async ([role, { pid }]) => [role, await usageOf(pid)] as const));
    await client.connection.close();
    return {
      questions,
      samples,
      rows,
      seconds,
      rowsPerSecond: Math.round(rows / secondsOf(stages)),
      histories,
      workers: Object.fromEntries(peaks) as Measured['workers'],
    };
  } finally {
    await Promise.all(workers.map(([, worker]) => worker.stop()));
    await trainer.shutdown();
    await engine.kill();
    await server.stop();
  }
}

async function rowsOf(store: string): Promise<number> {
  const file = join(store, 'runs/bench/iteration-1/selection.json');
  const { exploration } = JSON.parse(await readFile(file, 'utf8'));
  return exploration.responses + exploration.critiques + exploration.refinements;
}

function secondsOf(stages: IterationResult['stages']): number {
  const generating = stages.filter(({ stage }) => stage === 'sample' || stage === 'critique' || stage === 'refine');
  return generating.reduce((sum, { seconds }) => sum + seconds, 0);
}
