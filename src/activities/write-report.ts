import { datasetName } from '../backends/datasets/index.ts';
import type { CheckpointRef } from '../backends/inference/engine.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import { writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { versions } from '../backends/versions.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import type { CriticSummary, EvaluationSummary } from '../method/evaluation.ts';
import { examplePrompts } from '../method/prompts/index.ts';
import type {
  CriticReport,
  EvaluationReport,
  ExplorationReport,
  IterationReport,
  Json,
  PairedDifference,
  Proportion,
  RunReport,
  SampledAttempt,
  StageUse,
} from '../report/data.ts';
import { renderReport } from '../report/html.ts';
import { renderTable } from '../report/table.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type IterationFile, readIterationFile } from './iteration-files.ts';
import type { Datasets } from './load-datasets.ts';
import { sampleAttempts } from './sample-attempts.ts';
import type { CriticRows } from './select-training-rows.ts';

export interface ReportTask {
  /** Folder of the run in the store. */
  run: string;
  workflowId: string;
  config: SelfImproveConfig;
  status: RunReport['status'];
  reason: string | undefined;
  /** ISO 8601. */
  startedAt: string;
  datasets: Datasets;
  iterations: ReportedIteration[];
  warnings: string[];
}

export interface ReportedIteration {
  iteration: number;
  stages: { stage: StageUse['stage']; seconds: number; tokens: { prompt: number; completion: number } }[];
  checkpoint: CheckpointRef | null;
  /** Where the critic was retrained. */
  critic: CheckpointRef | null;
  sft: ArtifactRef | null;
  criticRows: CriticRows | null;
  /** Test attempts as far as they got: with refinements or critiques where there are any. */
  evaluated: ArtifactRef[];
}

export interface WrittenReport {
  /** On the machine that wrote it. */
  path: string;
  /** Markdown, for the Temporal UI. */
  table: string;
}

/** Test attempts of the last iteration that the report shows. */
const ATTEMPTS = 6;

/** Writes the run's report from what its steps left in the store: generates nothing, and gives the same numbers every time. */
export async function writeReport(deps: { store: Store }, task: ReportTask): Promise<WrittenReport> {
  return await withHeartbeat(
    () => ({ report: task.run }),
    async () => {
      const report = await gather(deps.store, task);
      const key = `${task.run}/report.html`;
      await deps.store.write(key, [await renderReport(report)]);
      await writeJson(deps.store, `${task.run}/report.json`, report);
      return { path: deps.store.locate(key), table: renderTable(report) };
    },
  );
}

async function gather(store: Store, task: ReportTask): Promise<RunReport> {
  const { config, datasets } = task;
  const { questions, reason, refine, critique, test } = datasets;
  const named = { questions, reason, refine, critique, test };
  const made = task.iterations.flatMap(({ iteration, sft, criticRows }) => [
    [`iteration ${iteration}, training rows`, sft] as const,
    [`iteration ${iteration}, critiques that helped`, criticRows?.selfTraining ?? null] as const,
    [`iteration ${iteration}, critic's training rows`, criticRows?.training ?? null] as const,
  ]);
  return {
    run: task.workflowId,
    status: task.status,
    ...(task.reason !== undefined && { reason: task.reason }),
    startedAt: task.startedAt,
    updatedAt: new Date().toISOString(),
    actor: config.actor.base,
    critic: config.critic?.model ?? null,
    datasets: { train: datasetName(config.questions), test: datasetName(config.test) },
    warnings: [...task.warnings, ...datasets.warnings],
    iterations: await Promise.all(task.iterations.map((iteration) => gatherIteration(store, task.run, iteration))),
    attempts: await lastAttempts(store, task.iterations),
    artifacts: [...Object.entries(named), ...made].flatMap(([name, ref]) => (ref ? [{ name, ...ref }] : [])),
    provenance: await provenance(store, task),
  };
}

async function gatherIteration(store: Store, run: string, task: ReportedIteration): Promise<IterationReport> {
  const { iteration, checkpoint, critic, stages } = task;
  const selection = await readIterationFile(store, run, iteration, 'selection');
  const training = checkpoint && (await readIterationFile(store, run, iteration, 'training'));
  const criticTraining = critic && (await readIterationFile(store, run, iteration, 'critic-training'));
  const evaluation = await readIterationFile(store, run, iteration, 'evaluation');
  const explored = selection && exploration(selection);
  return {
    iteration,
    ...(explored && { exploration: explored }),
    ...(selection && { removed: removed(selection.counts, `${run}/iteration-${iteration}`) }),
    ...(selection && training && { training: { ...training, byKind: byKind(selection.counts) } }),
    ...(checkpoint && { checkpoint: { uri: checkpoint.uri, sha256: checkpoint.sha256 } }),
    ...(criticTraining && {
      critic: {
        training: { ...criticTraining, byKind: [] },
        checkpoint: { uri: critic.uri, sha256: critic.sha256 },
      },
    }),
    ...(evaluation && { evaluation: evaluated(evaluation) }),
    stages: stages.map(({ stage, seconds, tokens }) => ({
      stage,
      seconds,
      promptTokens: tokens.prompt,
      completionTokens: tokens.completion,
    })),
  };
}

const removed = (
  { duplicates, overCap, shortcuts }: IterationFile['selection']['counts'],
  folder: string,
): NonNullable<IterationReport['removed']> => ({ duplicates, overCap, shortcuts, uri: `${folder}/removed.jsonl` });

function byKind(counts: IterationFile['selection']['counts']): { kind: string; rows: number }[] {
  const { reason, refine, correct, refined, feedback, previous } = counts;
  return Object.entries({ reason, refine, correct, refined, feedback, previous })
    .map(([kind, rows]) => ({ kind, rows }))
    .filter(({ rows }) => rows > 0);
}

function exploration({
  counts,
  exploration,
  diversity,
  criticData,
}: IterationFile['selection']): ExplorationReport | null {
  if (!exploration || !diversity) return null;
  const { questions, outcomes, solvedBefore, solvedAfter, refinementOutcomes, critiques } = exploration;
  return {
    questions,
    responses: outcomes,
    accepted: { withoutCritique: counts.correct, withCritique: counts.refined },
    byLevel: counts.acceptedByLevel.map(({ level, correct, refined }) => ({
      level,
      accepted: { withoutCritique: correct, withCritique: refined },
    })),
    diversity,
    solved: { withoutCritique: solvedBefore, withCritique: solvedAfter },
    ...(criticData && { criticData }),
    ...(critiques > 0 && { refinements: refinementOutcomes, critic: criticReport(exploration) }),
  };
}

function evaluated({ summary, gain }: IterationFile['evaluation']): EvaluationReport {
  const { accuracy, outcomes, byLevel, critic } = summary;
  return {
    accuracy: known(accuracy),
    ...(gain && gain.difference !== null && { gain: gain as PairedDifference }),
    outcomes,
    byLevel: byLevel.map(({ level, accuracy, withCritic }) => ({
      level,
      accuracy: known(accuracy),
      ...(withCritic && { accuracyWithCritic: known(withCritic) }),
    })),
    ...(critic && { withCritic: withCritic(critic) }),
  };
}

function withCritic(critic: CriticSummary): NonNullable<EvaluationReport['withCritic']> {
  return {
    accuracy: known(critic.accuracy),
    gain: { ...critic.difference, difference: critic.difference.difference ?? 0, p: critic.difference.p ?? 1 },
    outcomes: critic.outcomes,
    critic: criticReport(critic),
  };
}

function criticReport(
  critic: Pick<CriticSummary, 'verdicts' | 'discriminabilityOnRight' | 'discriminabilityOnWrong'>,
): CriticReport {
  const { verdicts, discriminabilityOnRight: onRight, discriminabilityOnWrong: onWrong } = critic;
  return {
    verdicts,
    ...(onRight.n > 0 && { onCorrect: known(onRight) }),
    ...(onWrong.n > 0 && { onWrong: known(onWrong) }),
  };
}

/** An accuracy of nothing is shown as 0 of 0. */
const known = (share: EvaluationSummary['accuracy']): Proportion => ({ ...share, value: share.value ?? 0 });

async function lastAttempts(store: Store, iterations: ReportedIteration[]): Promise<SampledAttempt[]> {
  const last = iterations.findLast(({ evaluated }) => evaluated.length > 0);
  if (!last) return [];
  const attempts = await sampleAttempts(store, last.evaluated, ATTEMPTS);
  return attempts.map((attempt) => ({ iteration: last.iteration, set: 'test', attempt }));
}

async function provenance(store: Store, task: ReportTask): Promise<RunReport['provenance']> {
  const { config, datasets } = task;
  return {
    run: { workflowId: task.workflowId, store: store.locate(task.run), seed: config.seed },
    input: config as unknown as Record<string, Json>,
    datasets: Object.fromEntries(
      Object.entries(datasets).flatMap(([name, ref]) => (ref && 'sha256' in ref ? [[name, ref.sha256]] : [])),
    ),
    checkpoints: Object.fromEntries(
      task.iterations
        .flatMap(({ checkpoint, critic }) => [checkpoint, critic])
        .flatMap((made) => (made ? [[made.name, made.sha256]] : [])),
    ),
    prompts: examplePrompts(config.actor, config.critic?.promptFamily) as Record<string, Json>,
    versions: versions(),
  };
}
