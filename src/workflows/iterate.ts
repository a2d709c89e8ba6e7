import { setCurrentDetails } from '@temporalio/workflow';
import type { ArtifactRef, CheckpointRef } from '../activities/index.ts';
import type { Datasets } from '../activities/load-datasets.ts';
import type { EvaluationSummary } from '../activities/score-evaluation.ts';
import type { SelectedRows } from '../activities/select-training-rows.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import type { StopRequest } from './contract.ts';
import { Control } from './control.ts';
import { describeAccuracy } from './describe.ts';
import { Iteration, type IterationStage } from './iteration.ts';
import { expectParent } from './requests.ts';
import type { StageUse } from './stages.ts';
import { describeWarnings } from './warnings.ts';

export interface IterateInput {
  /** Folder of the run in the store. */
  run: string;
  iteration: number;
  config: SelfImproveConfig;
  datasets: Datasets;
  /** What explores: the previous iteration's actor. */
  actor: CheckpointRef | null;
  /** What critiques: the last that was retrained; null: the configured one. */
  critic: CheckpointRef | null;
  /** Earlier iterations' training rows, where they are trained on again. */
  previous: ArtifactRef[];
  /** Iteration 0's responses to the test set, for paired differences. */
  baseline: ArtifactRef[] | null;
  control: { stop: StopRequest | null; paused: boolean };
}

export interface IterationResult {
  iteration: number;
  /** Null where the iteration was stopped before its fine-tune was done. */
  checkpoint: CheckpointRef | null;
  /** The critic after this iteration; null: the configured one. */
  critic: CheckpointRef | null;
  evaluation: EvaluationSummary | null;
  selected: SelectedRows | null;
  /** Responses to the test set. */
  evaluated: ArtifactRef[] | null;
  /** The test attempts as far as they got: with critiques and refinements where there are any. */
  attempts: ArtifactRef[];
  stages: StageUse<IterationStage>[];
  warnings: string[];
}

/** One pass of Algorithm 1: explore, critique what is wrong, refine, select, fine-tune from the base, evaluate. Iteration 0 explores nothing. */
export async function iterate(input: IterateInput): Promise<IterationResult> {
  expectParent('selfImprove');
  const control = new Control(input.control);
  const iteration = new Iteration(input, control);
  const result: IterationResult = {
    iteration: input.iteration,
    checkpoint: null,
    critic: input.critic,
    evaluation: null,
    selected: null,
    evaluated: null,
    attempts: [],
    stages: iteration.stages,
    warnings: [],
  };
  const exploration = input.iteration > 0 ? await iteration.explore(input.actor!) : null;
  if (input.iteration === 0 || exploration) result.selected = await iteration.select(exploration);
  if (result.selected) result.checkpoint = await iteration.fineTune(result.selected);
  const rows = result.selected?.critic?.training;
  if (rows) result.critic = (await iteration.retrainCritic(rows)) ?? result.critic;
  if (result.checkpoint) Object.assign(result, await iteration.evaluate(result.checkpoint, result.critic));
  result.warnings = control.warnings.texts;
  const described = result.evaluation ? describeAccuracy(input.iteration, result.evaluation) : 'stopped early';
  setCurrentDetails(described + describeWarnings(result.warnings));
  return result;
}
