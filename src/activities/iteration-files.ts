import type { Store } from '../backends/storage/store.ts';
import type { LossPoint } from '../backends/training/contract.ts';
import type { Difference } from '../method/estimate.ts';
import type { EvaluationSummary } from '../method/evaluation.ts';
import type { ExplorationSummary } from '../method/exploration.ts';
import type { SelectionCounts } from '../method/select.ts';

/** What the steps of an iteration leave in the store for the report, one JSON file each: too much for a workflow's history. */
export interface IterationFile {
  selection: { counts: SelectionCounts; exploration: ExplorationSummary | null };
  training: { rows: number; dropped: number; steps: number; seconds: number; losses: LossPoint[] };
  evaluation: { summary: EvaluationSummary; gain: Difference | null };
}

const keyOf = (run: string, iteration: number, name: keyof IterationFile) =>
  `${run}/iteration-${iteration}/${name}.json`;

export async function writeJson<Name extends keyof IterationFile>(
  store: Store,
  run: string,
  iteration: number,
  name: Name,
  value: IterationFile[Name],
): Promise<void> {
  await store.write(keyOf(run, iteration, name), [`${JSON.stringify(value, null, 2)}\n`]);
}

/** Null where the step has not been done. */
export async function readJson<Name extends keyof IterationFile>(
  store: Store,
  run: string,
  iteration: number,
  name: Name,
): Promise<IterationFile[Name] | null> {
  const key = keyOf(run, iteration, name);
  if ((await store.size(key)) === null) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(key)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as IterationFile[Name];
}
