import { setTimeout as sleep } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { readJson, writeJson } from '../../backends/storage/json.ts';
import { runFolder } from '../../backends/storage/runs.ts';
import type { Store } from '../../backends/storage/store.ts';
import { withHeartbeat } from '../heartbeat.ts';

interface KeptResult {
  result: unknown;
}

const keyOf = (workflowId: string) => `${runFolder(workflowId)}/result.json`;

/** What a child of a study said when it was done. null: it is not done, as far as the store knows. */
export async function readResult<Result>(store: Store, workflowId: string): Promise<Result | null> {
  return ((await readJson<KeptResult>(store, keyOf(workflowId)))?.result ?? null) as Result | null;
}

/** Keeps what a child said, for later steps and for other studies that have the same child. */
export async function keepResult(
  deps: { store: Store },
  { workflowId, result }: { workflowId: string; result: unknown },
): Promise<void> {
  await withHeartbeat(
    () => ({ kept: workflowId }),
    () => writeJson(deps.store, keyOf(workflowId), { result } satisfies KeptResult),
  );
}

const LOOK_EVERY_MS = 2_000;

/** Waits a while for the result of a child that another study runs. null: it may have ended without one by now. */
export async function awaitResult(
  deps: { store: Store },
  { workflowId, seconds }: { workflowId: string; seconds: number },
): Promise<unknown> {
  const signal = cancellationSignal();
  const until = Date.now() + 1000 * seconds;
  return await withHeartbeat(
    () => ({ waitingFor: workflowId }),
    async () => {
      for (;;) {
        const result = await readResult(deps.store, workflowId);
        if (result !== null || Date.now() > until) return result;
        await sleep(LOOK_EVERY_MS, undefined, { signal });
      }
    },
  );
}
