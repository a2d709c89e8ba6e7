import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { LossPoint } from '../backends/training/contract.ts';
import type { CriticDataCounts } from '../method/critic-data.ts';
import type { Diversity } from '../method/diversity.ts';
import type { Difference } from '../method/estimate.ts';
import type { EvaluationSummary, QuestionResult } from '../method/evaluation.ts';
import type { ExplorationSummary } from '../method/exploration.ts';
import type { SelectionCounts } from '../method/select.ts';

/** What the steps of an iteration leave in the store for the report, one JSON file each: too much for a workflow's history. */
export interface IterationFile {
  selection: {
    counts: SelectionCounts;
    /** null in iteration 0, and so the next. */
    exploration: ExplorationSummary | null;
    diversity: Diversity | null;
    /** null without a critic, too. */
    criticData: CriticDataCounts | null;
  };
  training: TrainingFile;
  /** Where the critic is retrained. */
  'critic-training': TrainingFile;
  evaluation: { summary: EvaluationSummary; gain: Difference | null };
  /** The answers to the test questions, so that iterations of different runs can be paired. */
  results: QuestionResult[];
}

interface TrainingFile {
  rows: number;
  dropped: number;
  steps: number;
  seconds: number;
  losses: LossPoint[];
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
