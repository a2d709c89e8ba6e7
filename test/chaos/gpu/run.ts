import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { SelfImprove, type SelfImproveInput } from '../../../src/config/self-improve.ts';
import { QUEUES } from '../../../src/workflows/queues.ts';
import type { selfImprove } from '../../../src/workflows/self-improve.ts';
import { type ActivityRun, activityRuns } from '../../support/activity-runs.ts';
import { startBenchServer } from '../../support/bench-server.ts';
import { type ProcessInfo, processes, processTree } from '../../support/process-tree.ts';
import { compare, readTraces } from '../../support/traces.ts';
import { type SpawnedWorker, spawnWorker } from '../../support/workers.ts';
import { Supervised } from '../supervised.ts';
import { Disturber, type Kill } from './disturber.ts';
import { expectedKeys } from './expected.ts';
import { fineTunesIn } from './progress.ts';
import type { Victim } from './victims.ts';

export interface GpuChaosOptions {
  input: SelfImproveInput;
  victims: readonly Victim[];
  /** For what the worker writes. */
  folder: string;
  say: (line: string) => void;
  /** Of the worker, beside this process's. */
  env?: Record<string, string>;
}

export interface GpuChaosReport {
  /** Completed, everything killed, nothing lost, twice or left, and no attempt burnt that need not be. */
  ok: boolean;
  completed: boolean;
  /** Why the run did not complete. */
  failure?: string;
  seconds: number;
  rows: { total: number; lost: number; twice: number; unexpected: number };
  kills: Omit<Kill, 'at'>[];
  /** Processes of what was killed, or of the worker once it has ended. */
  left: string[];
  /** How often a worker ended by itself. */
  crashes: number;
  /** How often each was trained to its end, and steps that were trained again after a kill. */
  fineTunes: { of: string; steps: number; whole: boolean; starts: number; repeated: number }[];
  attemptsBurnt: Burnt[];
}

interface Burnt {
  activity: string;
  /** Which attempt completed. */
  attempt: number;
  /** How the one before it failed. */
  reason: string;
  /** A killed worker's attempts, and that of a killed trainer, can't be saved. Everything else can. */
  byKillOf: 'trainer' | 'worker' | null;
}

const RUN = 'chaos';
/** A run that comes no further for so long is stuck. vLLM may take minutes to start. */
const STUCK_MS = 240_000;
/** A trainer that was made ready beforehand is told of the end once it has imported its libraries. */
const LEAVING_MS = 20_000;

export async function runGpuChaos(options: GpuChaosOptions): Promise<GpuChaosReport> {
  const { input, victims, folder, say } = options;
  const config = SelfImprove.parse(input);
  if (!config.critic || !config.evaluation.withCritic) throw new Error('the input needs a critic, at test time, too');
  const server = await startBenchServer();
  const store = join(folder, 'store');
  const runFolder = join(store, 'runs', RUN);
  let isStopping = false;
  const worker: Supervised<SpawnedWorker> = new Supervised('worker', {
    start: async () => {
      const spawned = await spawnWorker({
        roles: 'all',
        address: server.address,
        store,
        env: {
          CRITIQUE_LOOP_ENGINE: 'vllm',
          CRITIQUE_LOOP_VLLM_MODEL: existsSync(config.actor.base) ? resolve(config.actor.base) : config.actor.base,
          // It starts sooner, and starts often here.
          CRITIQUE_LOOP_VLLM_ARGS: process.env.CRITIQUE_LOOP_VLLM_ARGS ?? '--enforce-eager',
          CRITIQUE_LOOP_CACHE: join(folder, 'cache'),
          ...options.env,
        },
      });
      spawned.process.once('exit', (code) => {
        if (code !== null && !isStopping) worker.crashed();
      });
      return spawned;
    },
    kill: (it) => it.kill(),
  });
  try {
    await worker.up();
    say('the worker is up');
    const client = new Client({ connection: await Connection.connect({ address: server.address }) });
    const began = Date.now();
    const handle = await client.workflow.start<typeof selfImprove>('selfImprove', {
      workflowId: RUN,
      taskQueue: QUEUES.workflows,
      args: [input],
    });
    const disturber = new Disturber({ worker, runFolder, iterations: config.iterations, victims, say });
    const result = handle.result().then(
      ({ status }) => status,
      (error: Error) => `failed: ${[error.message, (error.cause as Error)?.message].filter(Boolean).join(': ')}`,
    );
    const stuck = new AbortController();
    const status = await Promise.race([result, whenStuck(disturber, stuck.signal)]);
    stuck.abort();
    const seconds = round((Date.now() - began) / 1000);
    say(`the run: ${status}`);
    const { kills, doomed } = await disturber.stop();
    const left = await stillThere(doomed);
    const burnt = (await activityRuns(client, RUN)).flatMap((run) => burntBefore(run, kills));
    await client.connection.close();

    const last = await processTree((await worker.up()).pid);
    isStopping = true;
    const { code } = await (await worker.up()).stop();
    if (code !== 0) say(`the worker ended with ${code}`);
    left.push(...(await stillThere(last)));
    const traces = await readTraces(runFolder);
    const expected = [...expectedKeys(runFolder, config)];
    const { lost, added } = compare(new Map(expected.map((key) => [key, ''])), traces.rows);
    const rows = { total: traces.rows.size, lost, twice: traces.duplicated, unexpected: added };
    const fineTunes = await Promise.all(fineTunesIn(runFolder).map(trained));
    const completed = status === 'completed';
    const trainings = config.iterations + 1 + (config.critic.retrain ? config.iterations : 0);
    return {
      ok:
        completed &&
        lost + added + traces.duplicated + left.length + worker.crashes === 0 &&
        kills.length === victims.length &&
        fineTunes.length === trainings &&
        fineTunes.every(({ whole }) => whole) &&
        burnt.every(({ byKillOf }) => byKillOf !== null),
      completed,
      ...(!completed && { failure: status }),
      seconds,
      ...{
        rows,
        kills: kills.map(({ at: _, ...kill }) => kill),
        left,
        crashes: worker.crashes,
        fineTunes,
        attemptsBurnt: burnt,
      },
    };
  } finally {
    await worker.end();
    await server.stop();
  }
}

/** Resolves once the run has come no further for long. */
async function whenStuck(disturber: Disturber, signal: AbortSignal): Promise<string> {
  let last = { state: '', at: Date.now() };
  while (!signal.aborted && Date.now() - last.at < STUCK_MS) {
    if (disturber.state !== last.state) last = { state: disturber.state, at: Date.now() };
    await sleep(500);
  }
  return 'stuck';
}

/** What of these is still there when it has had time to go. */
async function stillThere(doomed: readonly ProcessInfo[]): Promise<string[]> {
  for (const until = Date.now() + LEAVING_MS; ; await sleep(100)) {
    // The number may be another's by now.
    const now = new Set((await processes()).map(({ pid, command }) => `${pid} ${command}`));
    const left = doomed.map(({ pid, command }) => `${pid} ${command}`).filter((one) => now.has(one));
    if (left.length === 0 || Date.now() > until) return left.map((one) => one.slice(0, 200));
  }
}

async function trained({ folder, tune }: ReturnType<typeof fineTunesIn>[number]) {
  const { weights, inOrder, most, starts, repeated } = tune;
  const result = await readFile(join(folder, 'result.json'), 'utf8').catch(() => '{}');
  const { steps, total } = JSON.parse(result) as { steps?: number; total?: number };
  const whole = weights !== null && inOrder && most > 0 && most === steps && steps === total;
  return { of: `${basename(dirname(folder))}/${basename(folder)}`, steps: most, whole, starts, repeated };
}

function burntBefore({ workflowId, name, task, span, attempt, lastFailure }: ActivityRun, kills: Kill[]): Burnt[] {
  if (attempt === 1) return [];
  const reason = lastFailure ?? '';
  // Each is killed once.
  const killed = (victim: Victim) => attempt === 2 && kills.some((it) => it.victim === victim && it.at < span[0]);
  const isOfTrainer = name === 'submitFineTune' && reason.startsWith('TrainerUnavailable') && killed('trainer');
  const isOfWorker = /timeout/i.test(reason) && killed('worker');
  const { stage, shard } = task as { stage?: string; shard?: number };
  const what = stage === undefined ? workflowId : `${stage}/${shard}`;
  return [
    { activity: `${name} ${what}`, attempt, reason, byKillOf: isOfTrainer ? 'trainer' : isOfWorker ? 'worker' : null },
  ];
}

const round = (seconds: number): number => Math.round(10 * seconds) / 10;
