import { readdirSync, readFileSync } from 'node:fs';
import type { CheckpointRef } from '../backends/inference/engine.ts';
import { writeJson } from '../backends/storage/json.ts';
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
export function findPromoted(model: string, store: Pick<Store, 'path'>): CheckpointRef | null {
  try {
    return (JSON.parse(readFileSync(store.path(`${model}.json`), 'utf8')) as Promotion).checkpoint;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What a fine-tune's checkpoint stands against: what it names, else what is promoted now under the name that it is for, else its base. */
export function standsAgainst(
  { against, promote, base }: { against: string | undefined; promote: { as: string } | null | undefined; base: string },
  store: Pick<Store, 'path'>,
): string {
  return against ?? (promote && findPromoted(promotedAs(promote.as), store)?.uri) ?? base;
}

/** The names that run files can use, in words. */
export function promotedNames(store: Pick<Store, 'path'>): string {
  const folder = store.path(FOLDER.slice(0, -1));
  try {
    const names = readdirSync(folder).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
    return names.length > 0 ? `there are ${names.sort().join(', ')}` : 'there are none';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there are none';
    throw error;
  }
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
