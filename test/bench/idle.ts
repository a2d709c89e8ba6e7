import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import { type ActivityRun, activityRuns } from '../support/activity-runs.ts';
import { startBenchServer } from '../support/bench-server.ts';
import { attribute, latestFirst, type Span, sum, without } from '../support/spans.ts';
import { type TrainerSpans, trainerSpans } from '../support/trainer-spans.ts';
import { type SpawnedWorker, spawnWorker } from '../support/workers.ts';
import { EngineWatch } from './idle/engine-watch.ts';

interface Measured {
  input: string;
  wallSeconds: number;
  /** While vLLM had a request running. */
  engineSeconds: number;
  /** While a trainer trained, from its first step to its result. */
  trainerSeconds: number;
  idleSeconds: number;
  /** Of the wall clock. */
  idleShare: number;
  /** Each moment belongs to the stage that began last; the shares are of the wall clock, too. */
  stages: { stage: string; seconds: number; idleSeconds: number; idleShare: number }[];
  /** Idle seconds, the largest first. */
  causes: Record<string, number>;
  /** Every change of what vLLM has in memory. */
  swaps: { what: string; seconds: number }[];
  /** Milliseconds between two looks at vLLM. */
  lookEveryMs: number;
}

/**
 * `npm run bench -- idle [--input runs/demo.json] [--json]`: a whole `selfImprove` with a worker whose engine is vLLM, and for how much of
 * its wall clock the GPU neither answered nor trained, by stage and by cause. vLLM has started before the run begins.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { input: { type: 'string', default: 'runs/demo.json' }, json: { type: 'boolean', default: false } },
  });
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const input = JSON.parse(await readFile(values.input, 'utf8')) as SelfImproveInput;
  const server = await startBenchServer();
  const store = join(server.folder, 'store');
  const worker = await spawnWorker({
    roles: 'all',
    address: server.address,
    store,
    onLog: ({ msg }) => {
      if (String(msg).includes('vLLM')) log(String(msg));
    },
    env: {
      CRITIQUE_LOOP_ENGINE: process.env.CRITIQUE_LOOP_ENGINE ?? 'vllm',
      CRITIQUE_LOOP_VLLM_MODEL: input.actor.base,
      CRITIQUE_LOOP_CACHE: join(server.folder, 'cache'),
    },
  });
  try {
    await vllmStarted(worker);
    const client = new Client({ connection: await Connection.connect({ address: server.address }) });
    const watch = new EngineWatch(worker.pid);
    const started = Date.now();
    const handle = await client.workflow.start<typeof selfImprove>('selfImprove', {
      workflowId: 'bench',
      taskQueue: QUEUES.workflows,
      args: [input],
    });
    const over = handle.result().finally(() => watch.stop());
    const saying = sayHowFar(() => handle.query('progress'), log);
    await over.finally(saying.stop);
    const wall: Span = [started, Date.now()];
    const measured = measure({
      input: values.input,
      wall,
      requests: watch.busy,
      lookEveryMs: watch.everyMs,
      trainers: await trainerSpans(join(store, 'runs/bench')),
      swaps: swapsOf(worker, wall),
      activities: await activityRuns(client, 'bench'),
    });
    await client.connection.close();
    if (values.json) console.log(JSON.stringify(measured));
    else console.dir(measured, { depth: null });
  } finally {
    await worker.stop();
    await server.stop();
  }
}

async function vllmStarted({ log, process }: SpawnedWorker): Promise<void> {
  const said = (beginning: string) => log.find(({ msg }) => String(msg).startsWith(beginning));
  while (!said('vLLM has started')) {
    const failed = said('CRITIQUE_LOOP_VLLM_MODEL')?.msg;
    if (failed || process.exitCode !== null) throw new Error(String(failed ?? 'the worker ended'));
    await sleep(200);
  }
}

function sayHowFar(progress: () => Promise<unknown>, log: (line: string) => void): { stop(): void } {
  let last = '';
  const timer = setInterval(async () => {
    const now = (await progress().catch(() => null)) as { iteration?: number; stage?: string } | null;
    const line = now ? `iteration ${now.iteration}: ${now.stage}` : last;
    if (line !== last) log(line);
    last = line;
  }, 1_000);
  return { stop: () => clearInterval(timer) };
}

interface Swap {
  what: string;
  kind: string;
  span: Span;
}

/** By the worker's log, that says when one is over and how long it took. */
function swapsOf({ log }: SpawnedWorker, [from]: Span): Swap[] {
  return log.flatMap(({ msg, seconds, time }) => {
    const kind = /^vLLM (?:has started|has loaded|has woken|sleeps)/.exec(String(msg))?.[0];
    const at = typeof time === 'number' ? time : Date.parse(String(time));
    if (!kind || typeof seconds !== 'number' || at < from) return [];
    return [{ what: String(msg), kind, span: [at - 1000 * seconds, at] as Span }];
  });
}

function measure(run: {
  input: string;
  wall: Span;
  requests: Span[];
  lookEveryMs: number;
  trainers: TrainerSpans[];
  swaps: Swap[];
  activities: ActivityRun[];
}): Measured {
  const { input, wall, requests, lookEveryMs, trainers, swaps, activities } = run;
  const training = trainers.map(({ whole: [, to], start: [, from] }): Span => [from, to]);
  const idle = without(wall, [...requests, ...training]);
  const stages = latestFirst(activities).map((activity) => ({ name: stageOf(activity), span: activity.span }));
  const whole = attribute([wall], stages);
  const waste = attribute(idle, stages);
  const causes = attribute(idle, [
    ...swaps.map(({ kind, span }) => ({ name: kind, span })),
    ...trainers.map(({ start }) => ({ name: 'the trainer before its first step', span: start })),
    ...latestFirst(activities),
  ]);
  const shareOf = (ms: number) => Math.round((10_000 * ms) / sum([wall])) / 10_000;
  const rows = [...[...whole.byName].reverse(), ['Temporal', whole.rest] as const].map(([stage, ms]) => {
    const idleMs = stage === 'Temporal' ? waste.rest : (waste.byName.get(stage) ?? 0);
    return { stage, seconds: seconds(ms), idleSeconds: seconds(idleMs), idleShare: shareOf(idleMs) };
  });
  const byTime = [...causes.byName, ['Temporal', causes.rest] as const].sort(([, a], [, b]) => b - a);
  return {
    input: basename(input),
    wallSeconds: seconds(sum([wall])),
    engineSeconds: seconds(sum(requests)),
    trainerSeconds: seconds(sum(training)),
    idleSeconds: seconds(sum(idle)),
    idleShare: shareOf(sum(idle)),
    stages: rows,
    causes: Object.fromEntries(byTime.filter(([, ms]) => ms >= 10).map(([name, ms]) => [name, seconds(ms)])),
    swaps: swaps.map(({ what, span }) => ({ what, seconds: seconds(sum([span])) })),
    lookEveryMs,
  };
}

/** `iteration-1/sample` of a shard, `iteration-1/submitFineTune` of what has no stage. */
function stageOf({ workflowId, name, task }: ActivityRun): string {
  const { stage } = (task ?? {}) as { stage?: string };
  return stage ?? [...workflowId.split('/').slice(1), name].join('/');
}

const seconds = (ms: number) => Math.round(ms / 10) / 100;
