import type { Grader } from '../backends/grading/grader.ts';
import type { GradingThreads } from '../backends/grading/threads.ts';
import type { Engine } from '../backends/inference/engine.ts';
import type { Store } from '../backends/storage/store.ts';
import type { TrainingBackends } from '../backends/training/index.ts';
import { annotateExactly } from './annotate-exactly.ts';
import { annotatePaths } from './annotate-paths.ts';
import { buildChains } from './build-chains.ts';
import { choosePaths } from './choose-paths.ts';
import { compareCheckpoints } from './compare-checkpoints.ts';
import { continuePaths } from './continue-paths.ts';
import { withFailures } from './failures.ts';
import { generateCritiques } from './generate-critiques.ts';
import { loadCritiqueQuestions } from './load-critique-questions.ts';
import { loadDatasets } from './load-datasets.ts';
import { loadEvaluation } from './load-evaluation.ts';
import { loadSelfTalk } from './load-self-talk.ts';
import { loadTrainingRows } from './load-training-rows.ts';
import { planFlaws } from './plan-flaws.ts';
import { promoteCheckpoint } from './promotions.ts';
import { pushDataset } from './push-dataset.ts';
import { refineResponses } from './refine-responses.ts';
import { rewriteSteps } from './rewrite-steps.ts';
import { sampleResponses } from './sample-responses.ts';
import { scoreEvaluation } from './score-evaluation.ts';
import { scoreVotes } from './score-votes.ts';
import { selectTrainingRows } from './select-training-rows.ts';
import { smoothTalks } from './smooth-talks.ts';
import { prepareChild } from './study/prepare-child.ts';
import { awaitResult, keepResult } from './study/results.ts';
import { submitFineTune } from './submit-fine-tune.ts';
import { validateBuildCritiques } from './validate-build-critiques.ts';
import { validateFineTune } from './validate-fine-tune.ts';
import { validateEvaluate, validateInput } from './validate-input.ts';
import { validateSelfTalk } from './validate-self-talk.ts';
import { validateStudy } from './validate-study.ts';
import { writeCritiques } from './write-critiques.ts';
import { writeEvaluation } from './write-evaluation.ts';
import { writeMistakes } from './write-mistakes.ts';
import { writeReport } from './write-report.ts';
import { writeSelfTalk } from './write-self-talk.ts';
import { writeStudy } from './write-study.ts';
import { writeTalks } from './write-talks.ts';

export type { CheckpointRef, ServedModel } from '../backends/inference/engine.ts';
export type { ArtifactRef } from '../backends/storage/artifacts.ts';

/** The activities of the queue critique-loop-cpu. */
export function cpuActivities(deps: {
  store: Store;
  threads: GradingThreads;
  grader: Grader;
  hasSearchAttributes: () => Promise<boolean>;
}) {
  return bind(deps, {
    validateInput,
    validateEvaluate,
    validateFineTune,
    validateSelfTalk,
    validateBuildCritiques,
    loadDatasets,
    loadEvaluation,
    loadSelfTalk,
    loadTrainingRows,
    compareCheckpoints,
    promoteCheckpoint,
    selectTrainingRows,
    scoreEvaluation,
    scoreVotes,
    writeReport,
    writeEvaluation,
    buildChains,
    writeTalks,
    writeSelfTalk,
    validateStudy,
    prepareChild,
    keepResult,
    awaitResult,
    writeStudy,
    loadCritiqueQuestions,
    planFlaws,
    choosePaths,
    annotateExactly,
    writeCritiques,
    pushDataset,
  });
}

/** The activities of the queue critique-loop-inference. */
export function inferenceActivities(deps: { store: Store; engine: Engine; grader: Grader }) {
  return bind(deps, {
    sampleResponses,
    generateCritiques,
    refineResponses,
    rewriteSteps,
    smoothTalks,
    writeMistakes,
    continuePaths,
    annotatePaths,
  });
}

/** The activities of the queue critique-loop-train. */
export function trainActivities(deps: { store: Store; training: TrainingBackends }) {
  return bind(deps, { submitFineTune });
}

export type Activities = ReturnType<typeof cpuActivities> &
  ReturnType<typeof inferenceActivities> &
  ReturnType<typeof trainActivities>;

type Bound<T> = { [K in keyof T]: T[K] extends (deps: never, ...args: infer A) => infer R ? (...args: A) => R : never };

/** Gives each activity its dependencies, and its failures their types. */
function bind<D, T extends Record<string, (deps: D, ...args: never[]) => Promise<unknown>>>(deps: D, activities: T) {
  const bound = Object.entries(activities).map(([name, activity]) => [
    name,
    withFailures((...args: never[]) => activity(deps, ...args)),
  ]);
  return Object.fromEntries(bound) as Bound<T>;
}
