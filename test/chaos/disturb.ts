import { setTimeout as sleep } from 'node:timers/promises';
import type { Moment, Victim } from './moments.ts';
import { fineTunes, killTrainer } from './parts.ts';
import { type Disturbed, recovery } from './recovery.ts';

export interface Kill {
  victim: Victim;
  /** Milliseconds until it was made good; null: nothing waited for what was killed. */
  recovery: Promise<number | null>;
}

const LOOK_MS = 50;

/** Kills at each moment until the run has ended, and gives what was killed. */
export async function disturb(run: Disturbed, moments: Moment[], say: (line: string) => void): Promise<Kill[]> {
  const kills: Kill[] = [];
  const left = { generation: inOrder(moments, 'generation'), training: inOrder(moments, 'training') };
  while (!run.signal.aborted && kills.length < moments.length) {
    await run.log.read();
    const tunes = fineTunes(run.parts, run.runId, run.iterations);
    const done = { generation: run.log.answers, training: tunes.reduce((sum, { most }) => sum + most, 0) };
    const iteration = tunes.findIndex(({ weights, most }) => weights === null && most > 0);
    const phase = iteration >= 0 ? 'training' : 'generation';
    const next = left[phase][0];
    if (next && done[phase] >= next.at) {
      const kill = await strike(run, next, iteration);
      if (kill) {
        left[phase].shift();
        kills.push({ victim: next.victim, recovery: recovery(run, { victim: next.victim, ...kill }) });
        say(
          `kill ${kills.length} of ${moments.length}: ${next.victim} at ${next.at} ${phase === 'training' ? 'steps' : 'answers'}`,
        );
      }
    }
    await sleep(LOOK_MS);
  }
  return kills;
}

const inOrder = (moments: Moment[], during: Moment['during']) =>
  moments.filter((it) => it.during === during).sort((a, b) => a.at - b.at);

async function strike({ parts, runId, log }: Disturbed, { victim, downMs, choice }: Moment, iteration: number) {
  switch (victim) {
    case 'trainer':
      return await killTrainer(parts, runId, iteration);
    case 'inference':
      return await parts.workers[choice < 0.5 ? 'inference' : 'other inference'].kill(downMs);
    case 'engine': {
      const kill = await parts.engine.kill(downMs);
      await log.read();
      log.died();
      return kill;
    }
    case 'server':
      return await parts.server.kill(downMs);
    default:
      return await parts.workers[victim].kill(downMs);
  }
}
