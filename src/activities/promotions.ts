import type { CheckpointRef } from '../backends/inference/engine.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { CheckpointComparison } from './compare-checkpoints.ts';
import { withHeartbeat } from './heartbeat.ts';

/** What `promoted/<name>` stands for. */
export interface Promotion {
  checkpoint: CheckpointRef;
  /** What spoke for it; null where it was not measured. */
  measured: CheckpointComparison | null;
  /** Workflow ID of the fine-tune. */
  run: string;
  /** ISO 8601. */
  at: string;
}

const FOLDER = 'promoted/';

export const promotedAs = (name: string): string => `${FOLDER}${name}`;

export const isPromoted = (model: string): boolean => model.startsWith(FOLDER);

/** The checkpoint that `promoted/<name>` stands for now. null: nothing was promoted under it. */
export async function findPromoted(model: string, store: Store): Promise<CheckpointRef | null> {
  return (await readJson<Promotion>(store, `${model}.json`))?.checkpoint ?? null;
}

/** What a fine-tune's checkpoint stands against: what it names, else what is promoted now under the name that it is for, else its base. */
export async function standsAgainst(
  { against, promote, base }: { against: string | undefined; promote: { as: string } | null | undefined; base: string },
  store: Store,
): Promise<string> {
  const promoted = against === undefined && promote ? await findPromoted(promotedAs(promote.as), store) : null;
  return against ?? promoted?.uri ?? base;
}

/** The names that run files can use, in words. */
export async function promotedNames(store: Store): Promise<string> {
  const keys = await store.list(FOLDER.slice(0, -1));
  const names = keys.flatMap((key) => /^promoted\/(.*)\.json$/.exec(key)?.[1] ?? []);
  return names.length > 0 ? `there are ${names.join(', ')}` : 'there are none';
}

export interface PromoteTask extends Promotion {
  as: string;
}

/** From now on the name stands for this checkpoint. Runs that have begun keep the one that they found. */
export async function promoteCheckpoint(deps: { store: Store }, { as, ...promotion }: PromoteTask): Promise<void> {
  await withHeartbeat(
    () => ({ promoted: as }),
    () => writeJson(deps.store, `${promotedAs(as)}.json`, promotion),
  );
}
