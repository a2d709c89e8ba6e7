import { Failure } from '../../backends/failures.ts';
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

/**
 * The result of a child that another study runs.
 * @throws Failure ResultPending until it is there: Temporal looks again, and nobody is kept busy meanwhile
 */
export async function awaitResult(deps: { store: Store }, { workflowId }: { workflowId: string }): Promise<unknown> {
  const result = await readResult(deps.store, workflowId);
  if (result === null) throw new Failure('ResultPending', `waiting for ${workflowId}, which another study runs`);
  return result;
}
