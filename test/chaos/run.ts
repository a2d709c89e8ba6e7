import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUEUES } from '../../src/workflows/queues.ts';
import { randomCheckpoint } from '../support/engine.ts';
import { aRun } from '../support/run-input.ts';
import { compare, readTraces } from './compare.ts';
import { disturb } from './disturb.ts';
import { EngineLog } from './engine-log.ts';
import { drawMoments, VICTIMS, type Victim, type Work } from './moments.ts';
import { allOf, fineTunes, type Parts, type PartsOptions, startParts, stopParts } from './parts.ts';

export interface ChaosOptions extends Pick<PartsOptions, 'folder' | 'cli' | 'python'> {
  kills: number;
  seed: number;
  say: (line: string) => void;
}

export interface ChaosReport {
  kills: number;
  seed: number;
  /** Nothing lost, nothing twice, everything the same, and the run completed. */
  ok: boolean;
  completed: boolean;
  seconds: { undisturbed: number; disturbed: number };
  /** Seconds to the next attempt, by what was killed (recovery.ts says from when to when). */
  nextAttempt: Record<Victim, { kills: number; measured: number; median: number | null; max: number | null }>;
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

/** Sizes for each kill, so that the run is long enough for all of them: seconds of generation, and of training. */
const PER_KILL = { pool: 75, tested: 16, reason: 40 };
const ITERATIONS = 2;
const MAX_IN_FLIGHT = 8;
const LATENCY_MS = 200;
/** A run that comes no further for so long is stuck. */
const STUCK_MS = 180_000;

/** The same run twice, undisturbed and with kills, each with its own parts and store, and what became of it. */
export async function runChaos({ folder, cli, python, kills, seed, say }: ChaosOptions): Promise<ChaosReport> {
  const base = await randomCheckpoint(python, join(folder, 'actor'), { seed: 1, context: 1024 });
  const sizes = { pool: PER_KILL.pool * kills, tested: PER_KILL.tested * kills, reason: PER_KILL.reason * kills };
  const knows = { train: Math.max(sizes.pool, sizes.reason), test: sizes.tested };
  const start = async (name: string, latencyMs: number) => {
    await mkdir(join(folder, name));
    return await startParts({ folder: join(folder, name), cli, python, engine: { ...knows, latencyMs } });
  };

  say('the undisturbed run');
  const calm = await oneRun(await start('undisturbed', 0), { base, sizes, say });
  say(`it took ${calm.seconds} s, ${calm.work.answers} requests and ${calm.work.steps} steps of training`);
  const moments = drawMoments(kills, seed, calm.work);
  const disturbed = await oneRun(await start('disturbed', LATENCY_MS), { base, sizes, say, moments });

  const [before, after] = [calm, disturbed].map((it) => it.traces) as [typeof calm.traces, typeof calm.traces];
  const rows = { ...compare(before.rows, after.rows), duplicated: after.duplicated };
  const trainedOn = compare(before.trainedOn, after.trainedOn);
  const tunes = disturbed.tunes;
  const weights = {
    total: tunes.length,
    different: tunes.filter(({ weights }, i) => weights === null || weights !== calm.tunes[i]!.weights).length,
  };
  const { tokens, answeredTwice, inFlightLost } = disturbed.log;
  const total = calm.log.tokens;
  const sum = (value: (tune: (typeof tunes)[number]) => number) => tunes.reduce((all, tune) => all + value(tune), 0);
  const atOnce = tunes.every(({ inOrder }) => inOrder) ? 1 : 2;
  const recovered = await Promise.all(
    disturbed.kills.map(async (kill) => ({ ...kill, recovery: await kill.recovery })),
  );
  const same = [rows, trainedOn].every(({ lost, different, added }) => lost + different + added === 0);
  return {
    kills: disturbed.kills.length,
    seed,
    ok:
      disturbed.completed &&
      disturbed.kills.length === kills &&
      same &&
      rows.duplicated + weights.different === 0 &&
      tokens === total + answeredTwice &&
      atOnce === 1,
    completed: disturbed.completed,
    seconds: { undisturbed: calm.seconds, disturbed: disturbed.seconds },
    nextAttempt: Object.fromEntries(
      VICTIMS.map((victim) => [victim, summary(recovered.filter((kill) => kill.victim === victim))]),
    ) as ChaosReport['nextAttempt'],
    rows,
    trainedOn,
    weights,
    tokens: { total, answeredTwice, inFlightLost, share: round((answeredTwice + inFlightLost) / total, 5) },
    training: {
      steps: calm.work.steps,
      repeated: sum((it) => it.repeated),
      submissions: sum((it) => it.submissions),
      starts: sum((it) => it.starts),
      atOnce,
    },
    crashes: disturbed.crashes,
  };
}

/** One run of Algorithm 1 with the given parts, which are stopped after it. */
async function oneRun(
  parts: Parts,
  given: {
    base: string;
    sizes: { pool: number; tested: number; reason: number };
    say: (line: string) => void;
    moments?: ReturnType<typeof drawMoments>;
  },
) {
  const { base, sizes, moments = [], say } = given;
  const log = await EngineLog.open(parts.engineLog);
  const runId = 'run';
  try {
    const began = Date.now();
    const endpoint = { maxInFlight: MAX_IN_FLIGHT };
    const input = aRun({
      actorFolder: base,
      url: parts.engineUrl,
      ...{ pool: sizes.pool, tested: sizes.tested, iterations: ITERATIONS },
      reason: { source: 'arithmetic', split: 'train', seed: 1, count: sizes.reason },
      actor: { endpoint: { ...endpoint, baseUrl: parts.engineUrl } },
      critic: { endpoint: { ...endpoint, baseUrl: parts.engineUrl } },
      data: { maxPerQuestion: 1 },
      training: { epochs: 4, learningRate: 1e-3, batchSize: 4, gradientAccumulation: 1, maxLength: 900, saveSteps: 20 },
    });
    await parts.client.workflow.start('selfImprove', { workflowId: runId, taskQueue: QUEUES.workflows, args: [input] });
    const handle = parts.client.workflow.getHandle(runId);
    const ended = new AbortController();
    const run = { parts, log, runId, iterations: ITERATIONS, handle, signal: ended.signal };
    const disturbing = disturb(run, moments, say);
    const status = await untilEnded(run).finally(() => ended.abort());
    const kills = await disturbing;
    await log.read();
    const tunes = fineTunes(parts, runId, ITERATIONS);
    const work: Work = { answers: log.answers, steps: tunes.reduce((sum, { most }) => sum + most, 0) };
    return {
      completed: status === 'COMPLETED',
      seconds: round((Date.now() - began) / 1000, 1),
      ...{ kills, log, tunes, work },
      traces: await readTraces(join(parts.store, 'runs', runId)),
      crashes: allOf(parts).flatMap(({ name, crashes }) => (crashes > 0 ? [`${name}: ${crashes}`] : [])),
    };
  } finally {
    await log.close();
    await stopParts(parts);
  }
}

/** How the run ended; `stuck` where it came no further. The server may be away when it is asked. */
async function untilEnded({ parts, log, runId, handle }: Parameters<typeof disturb>[0]): Promise<string> {
  let last = { state: '', at: Date.now() };
  for (;;) {
    const status = (await handle.describe().catch(() => null))?.status.name;
    if (status !== undefined && status !== 'RUNNING') return status;
    await log.read();
    const state = `${log.answers} ${fineTunes(parts, runId, ITERATIONS).map(({ step, starts }) => `${step}/${starts}`)}`;
    if (state !== last.state) last = { state, at: Date.now() };
    if (Date.now() - last.at > STUCK_MS) return 'stuck';
    await sleep(250);
  }
}

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
