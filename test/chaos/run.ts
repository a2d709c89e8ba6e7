import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { QUEUES } from '../../src/workflows/queues.ts';
import { randomCheckpoint } from '../support/engine.ts';
import type { FineTune } from '../support/fine-tune-record.ts';
import { aRun } from '../support/run-input.ts';
import { compare, readTraces, type Traces } from '../support/traces.ts';
import { disturb, type Kill } from './disturb.ts';
import { EngineLog } from './engine-log.ts';
import { drawMoments, VICTIMS, type Victim, type Work } from './moments.ts';
import { allOf, fineTunes, type PartsOptions, startParts, stopParts } from './parts.ts';
import type { Disturbed } from './recovery.ts';

/** How large the run is. */
export interface Sizes {
  iterations: number;
  pool: number;
  tested: number;
  reason: number;
  epochs: number;
}

export interface Setting extends Pick<PartsOptions, 'folder' | 'cli' | 'python'> {
  /** Checkpoint that every fine-tune begins with. */
  base: string;
  sizes: Sizes;
}

export interface ChaosOptions extends Pick<PartsOptions, 'folder' | 'cli' | 'python'> {
  say: (line: string) => void;
  kills: number;
  seed: number;
}

export interface ChaosReport extends Verdict {
  kills: number;
  seed: number;
  seconds: { undisturbed: number; disturbed: number };
  /** Seconds to the next attempt, by what was killed (recovery.ts says from when to when). */
  nextAttempt: Record<Victim, { kills: number; measured: number; median: number | null; max: number | null }>;
}

/** What became of a disturbed run, beside the undisturbed one. */
export interface Verdict {
  /** Nothing lost, nothing twice, everything the same, and the run completed. */
  ok: boolean;
  completed: boolean;
  rows: { total: number; lost: number; duplicated: number; different: number; added: number };
  trainedOn: { total: number; lost: number; different: number; added: number };
  /** Iterations whose weights have another SHA-256. */
  weights: { total: number; different: number };
  /** Completion tokens: of the whole run, of answers given before, of what was in flight when a process died, and the share of both. */
  tokens: { total: number; answeredTwice: number; inFlightLost: number; share: number };
  training: { steps: number; repeated: number; submissions: number; starts: number; atOnce: 1 | 2 };
  /** Processes that ended by themselves. */
  crashes: string[];
}

/** Sizes for each kill, so that the run has some seconds of generation and of training for every one. */
const PER_KILL = { pool: 35, tested: 8, reason: 40 };
/** Of each inference worker: what is in flight when it dies is lost, and should be little beside all that it generates. */
const MAX_IN_FLIGHT = 4;
const LATENCY_MS = 200;
/** A run that comes no further for so long is stuck. */
const STUCK_MS = 180_000;

/** The same run twice, undisturbed and with kills, each with its own parts and store, and what became of it. */
export async function runChaos({ kills, seed, say, ...options }: ChaosOptions): Promise<ChaosReport> {
  const { pool, tested, reason } = PER_KILL;
  const sizes = { iterations: 2, epochs: 1, pool: pool * kills, tested: tested * kills, reason: reason * kills };
  const setting = { ...options, sizes, base: await smallCheckpoint(options) };
  say('the undisturbed run');
  const calm = await runUndisturbed(setting);
  say(`it took ${calm.seconds} s, ${calm.work.answers} requests and ${calm.work.steps} steps of training`);
  const moments = drawMoments(kills, seed, calm.work);
  const disturbed = await runDisturbed(setting, 'disturbed', (run) => disturb(run, moments, say));
  const verdict = judge(calm, disturbed);
  const done = await Promise.all(disturbed.kills.map(async (kill) => ({ ...kill, recovery: await kill.recovery })));
  return {
    ...verdict,
    ok: verdict.ok && done.length === kills,
    kills: done.length,
    seed,
    seconds: { undisturbed: calm.seconds, disturbed: disturbed.seconds },
    nextAttempt: Object.fromEntries(
      VICTIMS.map((victim) => [victim, summary(done.filter((kill) => kill.victim === victim))]),
    ) as ChaosReport['nextAttempt'],
  };
}

/** Random weights, and the same each time. */
export const smallCheckpoint = ({ python, folder }: Pick<Setting, 'python' | 'folder'>): Promise<string> =>
  randomCheckpoint(python, join(folder, 'actor'), { seed: 1, context: 1024 });

/** The engine answers at once: what it answers does not depend on when. */
export const runUndisturbed = (setting: Setting): Promise<Outcome> =>
  oneRun(setting, 'undisturbed', { latencyMs: 0, disturbing: async () => [] });

/** @param name of its folder @param disturbing does it until it is done or the run has ended */
export const runDisturbed = (
  setting: Setting,
  name: string,
  disturbing: (run: Disturbed) => Promise<Kill[]>,
): Promise<Outcome> => oneRun(setting, name, { latencyMs: LATENCY_MS, disturbing });

export function judge(calm: Outcome, disturbed: Outcome): Verdict {
  const { completed, tunes, crashes, log } = disturbed;
  const rows = {
    ...compare(calm.traces.rows, disturbed.traces.rows),
    duplicated: disturbed.traces.duplicated,
  };
  const trainedOn = compare(calm.traces.trainedOn, disturbed.traces.trainedOn);
  const weights = {
    total: tunes.length,
    different: tunes.filter(({ weights }, i) => weights === null || weights !== calm.tunes[i]!.weights).length,
  };
  const { answeredTwice, inFlightLost } = log;
  const total = calm.log.tokens;
  const sum = (value: (tune: FineTune) => number) => tunes.reduce((all, tune) => all + value(tune), 0);
  const atOnce = tunes.every(({ inOrder }) => inOrder) ? 1 : 2;
  const wrong = [rows, trainedOn].reduce((all, it) => all + it.lost + it.different + it.added, 0);
  return {
    ok: completed && wrong + rows.duplicated + weights.different === 0 && atOnce === 1,
    completed,
    ...{ rows, trainedOn, weights, crashes },
    tokens: { total, answeredTwice, inFlightLost, share: round((answeredTwice + inFlightLost) / total, 5) },
    training: {
      steps: calm.work.steps,
      repeated: sum((it) => it.repeated),
      submissions: sum((it) => it.submissions),
      starts: sum((it) => it.starts),
      atOnce,
    },
  };
}

export interface Outcome {
  completed: boolean;
  seconds: number;
  kills: Kill[];
  log: EngineLog;
  tunes: FineTune[];
  work: Work;
  traces: Traces;
  crashes: string[];
}

/** One run of Algorithm 1 with parts of its own. */
async function oneRun(
  { folder: root, cli, python, base, sizes }: Setting,
  name: string,
  { latencyMs, disturbing }: { latencyMs: number; disturbing: (run: Disturbed) => Promise<Kill[]> },
): Promise<Outcome> {
  const { iterations, pool, tested, reason, epochs } = sizes;
  const folder = join(root, name);
  const engine = { train: Math.max(pool, reason), test: tested, latencyMs };
  const parts = await startParts({ folder, cli, python, engine });
  const log = await EngineLog.open(parts.engineLog);
  try {
    const began = Date.now();
    const endpoint = { baseUrl: parts.engineUrl, maxInFlight: MAX_IN_FLIGHT };
    const input = aRun({
      actorFolder: base,
      url: parts.engineUrl,
      ...{ pool, tested, iterations },
      reason: { source: 'arithmetic', split: 'train', seed: 1, count: reason },
      actor: { endpoint, maxTokens: 200 },
      critic: { endpoint, maxTokens: 200 },
      data: { maxPerQuestion: 1 },
      training: { epochs, learningRate: 1e-3, batchSize: 4, gradientAccumulation: 1, maxLength: 900, saveSteps: 20 },
    });
    const { workflow } = parts.client;
    await workflow.start('selfImprove', { workflowId: RUN, taskQueue: QUEUES.workflows, args: [input] });
    const ended = new AbortController();
    const run = { parts, log, runId: RUN, iterations, handle: workflow.getHandle(RUN), signal: ended.signal };
    const disturbed = disturbing(run);
    const status = await untilEnded(run).finally(() => ended.abort());
    if (status === 'FAILED') throw new Error(await whyFailed(run.handle));
    const kills = await disturbed;
    await log.read();
    const tunes = fineTunes(parts, RUN, iterations);
    return {
      completed: status === 'COMPLETED',
      seconds: round((Date.now() - began) / 1000, 1),
      work: { answers: log.answers, steps: tunes.reduce((sum, { most }) => sum + most, 0) },
      traces: await readTraces(join(parts.store, 'runs', RUN)),
      crashes: allOf(parts).flatMap(({ name, crashes }) => (crashes > 0 ? [`${name}: ${crashes}`] : [])),
      ...{ kills, log, tunes },
    };
  } finally {
    await log.close();
    await stopParts(parts);
  }
}

const RUN = 'run';

/** How the run ended; `stuck` where it came no further. The server may be away when it is asked. */
async function untilEnded({ parts, log, runId, iterations, handle }: Disturbed): Promise<string> {
  let last = { state: '', at: Date.now() };
  for (;;) {
    const status = (await handle.describe().catch(() => null))?.status.name;
    if (status !== undefined && status !== 'RUNNING') return status;
    await log.read();
    const state = `${log.answers} ${fineTunes(parts, runId, iterations).map(({ step, starts }) => `${step}/${starts}`)}`;
    if (state !== last.state) last = { state, at: Date.now() };
    if (Date.now() - last.at > STUCK_MS) return 'stuck';
    await sleep(250);
  }
}

const whyFailed = async (handle: WorkflowHandle): Promise<string> =>
  await handle.result().then(
    () => '',
    ({ message, cause }) => `${message}: ${cause?.message}`,
  );

function summary(kills: { recovery: number | null }[]): ChaosReport['nextAttempt'][Victim] {
  const seconds = kills.flatMap(({ recovery }) => (recovery === null ? [] : [recovery / 1000])).sort((a, b) => a - b);
  const at = (place: number) => (seconds.length === 0 ? null : round(seconds[Math.floor(place)]!, 1));
  return {
    kills: kills.length,
    measured: seconds.length,
    median: at((seconds.length - 1) / 2),
    max: at(seconds.length - 1),
  };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
