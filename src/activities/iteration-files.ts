import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { LossPoint } from '../backends/training/contract.ts';
import type { Difference } from '../method/estimate.ts';
import type { EvaluationSummary, QuestionResult } from '../method/evaluation.ts';
import type { ExplorationSummary } from '../method/exploration.ts';
import type { SelectionCounts } from '../method/select.ts';

/** What the steps of an iteration leave in the store for the report, one JSON file each: too much for a workflow's history. */
export interface IterationFile {
  selection: { counts: SelectionCounts; exploration: ExplorationSummary | null };
  training: { rows: number; dropped: number; steps: number; seconds: number; losses: LossPoint[] };
  evaluation: { summary: EvaluationSummary; gain: Difference | null };
  /** The answers to the test questions, so that iterations of different runs can be paired. */
  results: QuestionResult[];
}

const keyOf = (run: string, iteration: number, name: keyof IterationFile) =>
  `${run}/iteration-${iteration}/${name}.json`;

export const writeIterationFile = <Name extends keyof IterationFile>(
  store: Store,
  run: string,
  iteration: number,
  name: Name,
  value: IterationFile[Name],
): Promise<void> => writeJson(store, keyOf(run, iteration, name), value);

/** Null where the step has not been done. */
export const readIterationFile = <Name extends keyof IterationFile>(
  store: Store,
  run: string,
  iteration: number,
  name: Name,
): Promise<IterationFile[Name] | null> => readJson(store, keyOf(run, iteration, name));
