import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/bench.ts';
import { temporalCli as cli, python } from '../support/temporal.ts';
import { disturb } from './disturb.ts';
import { drawMoments, VICTIMS } from './moments.ts';
import { fineTunes } from './parts.ts';
import type { Disturbed } from './recovery.ts';
import {
  judge,
  type Outcome,
  runDisturbed,
  runUndisturbed,
  type Setting,
  smallCheckpoint,
  type Verdict,
} from './run.ts';

const SIZES = { iterations: 0, pool: 50, tested: 400, reason: 200, epochs: 6 };
/** Longer than silence is borne (src/workflows/activities.ts). */
const PAUSE_MS = 14_000;

let folder: string;
let calm: Promise<Outcome>;
/** They mostly wait until missing heartbeats are noticed, so they go side by side. */
let killed: Promise<Outcome>;
let paused: Promise<Outcome>;

beforeAll(async () => {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  const setting: Setting = { folder, cli, python, base: await smallCheckpoint({ python, folder }), sizes: SIZES };
  calm = runUndisturbed(setting);
  killed = calm.then(({ work }) => {
    const moments = drawMoments(VICTIMS.length, 7, work);
    return runDisturbed(setting, 'killed', (run) => disturb(run, moments, () => {}));
  });
  paused = runDisturbed(setting, 'paused', pauseAll);
  paused.catch(() => {});
});
afterAll(async () => {
  await Promise.allSettled([killed, paused]);
  await rm(folder, { recursive: true, force: true });
});

/** Each is stopped in the middle of its work and goes on when it has been given up: it meets whoever has taken over. */
async function pauseAll({ parts, log, runId, iterations }: Disturbed): Promise<[]> {
  const pause = async (pid: number) => {
    process.kill(pid, 'SIGSTOP');
    await sleep(PAUSE_MS);
    process.kill(pid, 'SIGCONT');
  };
  const steps = (iteration: number) => fineTunes(parts, runId, iterations)[iteration]!.most;
  await eventually('training', async () => steps(0) > 20, 120_000);
  await pause((await parts.workers.train.up()).pid);
  const answers = async (more: number) => {
    await log.read();
    const enough = log.answers + more;
    await eventually(
      `${more} answers`,
      async () => {
        await log.read();
        return log.answers >= enough;
      },
      120_000,
    );
  };
  await answers(100);
  await pause((await parts.workers.inference.up()).pid);
  await answers(100);
  await pause((await parts.server.up()).pid);
  return [];
}

/** Whole runs of real processes: a busy machine takes its time. */
const LONG = { timeout: 900_000 };

const nothingLost = (verdict: Verdict) =>
  expect(verdict).toMatchObject({
    ok: true,
    rows: { lost: 0, duplicated: 0, different: 0, added: 0 },
    weights: { total: 1, different: 0 },
    training: { atOnce: 1 },
    crashes: [],
  });

it(
  'workers, server, engine and trainer killed by -9 at moments of a seed leave the same rows and weights',
  LONG,
  async () => {
    const outcome = await killed;
    const verdict = judge(await calm, outcome);
    nothingLost(verdict);
    expect(new Set(outcome.kills.map(({ victim }) => victim))).toEqual(new Set(VICTIMS));
    process.stdout.write(`${outcome.kills.length} kills: ${JSON.stringify(verdict.tokens)}\n`);
  },
);

it(
  'workers and a server that are stopped until they are given up, and go on, leave the same rows and weights',
  LONG,
  async () => {
    const verdict = judge(await calm, await paused);
    nothingLost(verdict);
    expect(verdict.training.repeated, 'the trainer went on beside the train worker that was stopped').toBe(0);
    process.stdout.write(`3 pauses: ${JSON.stringify(verdict.tokens)}\n`);
  },
);
