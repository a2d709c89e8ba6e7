import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { EngineLog } from './engine-log.ts';
import type { Victim } from './moments.ts';
import { fineTunes, type Parts } from './parts.ts';

/** The run that is disturbed. */
export interface Disturbed {
  parts: Parts;
  log: EngineLog;
  runId: string;
  iterations: number;
  handle: WorkflowHandle;
  /** It has ended, or the harness has. */
  signal: AbortSignal;
}

const LOOK_MS = 100;
/** Within this a connection's end has reached the engine and its log. */
const NOTICED_MS = 500;

/**
 * Milliseconds until a kill is made good; null where nothing waited for what was killed.
 * - inference: from the kill to the first request for one of the rows that it had asked for
 * - train: from the kill to the next attempt of the fine-tune's activity
 * - workflows: from the kill to the run's next answer to a query
 * - server: from the kill to the first task or heartbeat that it takes
 * - engine: from its return to its first answer
 * - trainer: from the kill to the next trainer past its start
 */
export async function recovery(
  run: Disturbed,
  kill: { victim: Victim; at: number; up?: Promise<number> },
): Promise<number | null> {
  const { victim, at, up } = kill;
  const found = await WATCHERS[victim](run, at, up);
  return found === null || run.signal.aborted ? null : found;
}

const WATCHERS: Record<Victim, (run: Disturbed, at: number, up?: Promise<number>) => Promise<number | null>> = {
  inference: async ({ log, signal }, at) => {
    await sleep(NOTICED_MS);
    const lost = new Set(log.events.filter((it) => it.what === 'abandoned' && it.at >= at - 5).map(({ row }) => row));
    if (lost.size === 0) return null;
    const again = await until(signal, () =>
      log.events.find((it) => it.what === 'begun' && it.at > at && lost.has(it.row)),
    );
    return again && again.at - at;
  },
  engine: async ({ log, signal }, _at, up) => {
    const back = await up!;
    const answer = await until(signal, () => log.events.find((it) => it.what === 'answered' && it.at > back));
    return answer && answer.at - back;
  },
  trainer: async ({ parts, runId, iterations, signal }, at) => {
    const starts = () => fineTunes(parts, runId, iterations).reduce((sum, it) => sum + it.starts, 0);
    const before = starts();
    return (await until(signal, () => starts() > before)) && Date.now() - at;
  },
  workflows: async ({ handle, signal }, at) =>
    (await until(signal, async () => (await handle.query('progress').catch(() => null)) !== null)) && Date.now() - at,
  train: async (run, at) => {
    const attempt = await until(run.signal, async () => {
      const pending = await pendingActivities(run);
      return pending.find((it) => it.type === 'submitFineTune' && it.started > at) ?? null;
    });
    return attempt && attempt.started - at;
  },
  server: async (run, at) => {
    const first = await until(run.signal, async () => {
      const pending = await pendingActivities(run);
      return pending.find((it) => Math.max(it.started, it.heartbeat) > at) ?? null;
    });
    return first && Date.now() - at;
  },
};

/** What the server says of the iterations' activities; nothing while it does not answer. */
async function pendingActivities({ parts, runId, iterations }: Disturbed) {
  const described = Array.from({ length: iterations + 1 }, (_, i) =>
    parts.client.workflow
      .getHandle(`${runId}/iteration-${i}`)
      .describe()
      .catch(() => null),
  );
  return (await Promise.all(described)).flatMap((it) =>
    (it?.raw.pendingActivities ?? []).map((activity) => ({
      type: activity.activityType?.name,
      started: milliseconds(activity.lastStartedTime),
      heartbeat: milliseconds(activity.lastHeartbeatTime),
    })),
  );
}

const milliseconds = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  time ? Number(time.seconds) * 1000 + (time.nanos ?? 0) / 1e6 : 0;

async function until<T>(
  signal: AbortSignal,
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
): Promise<T | null> {
  while (!signal.aborted) {
    const found = await look();
    if (found) return found;
    await sleep(LOOK_MS);
  }
  return null;
}
