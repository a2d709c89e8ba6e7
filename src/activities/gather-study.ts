import { relative } from 'node:path/posix';
import { setImmediate as breathe } from 'node:timers/promises';
import { datasetName } from '../backends/datasets/index.ts';
import { readJson } from '../backends/storage/json.ts';
import { runFolder } from '../backends/storage/runs.ts';
import type { Store } from '../backends/storage/store.ts';
import { versions } from '../backends/versions.ts';
import type { CritiqueStatistics } from '../method/critiques/statistics.ts';
import { budgetOf } from '../method/study/budget.ts';
import { type ConditionScores, scoreConditions } from '../method/study/condition-scores.ts';
import { contrastConditions } from '../method/study/contrasts.ts';
import { type EvaluationName, type Evidence, type LoopName, leadingGate } from '../method/study/evidence.ts';
import { findings } from '../method/study/findings.ts';
import { type IterationRecord, iterationsOf, loopOverVanilla } from '../method/study/iterations.ts';
import type { Scored } from '../method/supervision/scored.ts';
import type { Json, RunReport } from '../report/data.ts';
import type { StepReport, StudyData } from '../report/study/data.ts';
import type { CheckpointComparison } from './compare-checkpoints.ts';
import { type EvaluationManifest, evaluationKeys, planOf, readScores } from './evaluation-files.ts';
import { readIterationFile } from './iteration-files.ts';
import type { ScoredRows } from './score-rows.ts';
import type { WrittenTalks } from './self-talk-files.ts';
import type { StudiedStep, StudyManifest } from './write-study.ts';

/** Which step measures which actor. */
const EVALUATIONS: Record<EvaluationName, string> = {
  sft: 'evaluate-sft',
  'sft-base-critic': 'evaluate-sft-base-critic',
  'self-correction': 'evaluate-self-correction',
  'self-talk': 'self-talk',
  vanilla: 'evaluate-vanilla',
  loop: 'evaluate-loop',
};

/** Everything that the report of a study shows, from what its children left in the store. */
export async function gatherStudy(store: Store, task: StudyManifest): Promise<StudyData> {
  const { config, steps } = task;
  const evidence = await gatherEvidence(store, steps);
  return {
    run: task.workflowId,
    status: task.status,
    ...(task.reason !== undefined && { reason: task.reason }),
    startedAt: task.startedAt,
    updatedAt: task.updatedAt,
    actor: config.actor.base,
    critic: config.critic.base,
    datasets: { train: datasetName(config.questions), test: datasetName(config.test) },
    warnings: task.warnings,
    findings: findings(evidence),
    evidence,
    critiques: await readStatistics<CritiqueStatistics>(store, steps, 'critiques'),
    selfTalk: (await readStatistics<WrittenTalks>(store, steps, 'self-talk'))?.statistics ?? null,
    steps: await Promise.all(steps.map((step) => reportStep(store, task.run, step))),
    provenance: {
      run: { workflowId: task.workflowId, store: store.locate(task.run), seed: config.seed },
      input: config as unknown as Record<string, Json>,
      children: Object.fromEntries(steps.map(({ step, workflowId }) => [step, workflowId])),
      versions: versions(),
    },
  };
}

async function gatherEvidence(store: Store, steps: readonly StudiedStep[]): Promise<Evidence> {
  const evaluations = await readEvaluations(store, steps);
  const gate = leadingGate(Object.values(evaluations).map(({ plan }) => plan));
  const scores: Partial<Record<EvaluationName, ConditionScores>> = {};
  let budget: Evidence['budget'] = [];
  for (const [name, { folder, plan }] of entries(evaluations)) {
    // One at a time: only what they come to is kept.
    const questions: Scored[] = [];
    for await (const scored of readScores(store, folder)) questions.push(scored);
    scores[name] = await finish(scoreConditions(questions, plan, gate));
    if (name === 'sft') budget = await finish(budgetOf(questions, plan, gate));
  }
  const records = {
    loop: await readIterations(store, steps, 'loop'),
    vanilla: await readIterations(store, steps, 'vanilla'),
  };
  return {
    gate,
    evaluations: Object.fromEntries(entries(evaluations).map(([name, { plan, summary }]) => [name, { plan, summary }])),
    contrasts: contrastConditions(scores),
    budget,
    iterations: { loop: iterationsOf(records.loop), vanilla: iterationsOf(records.vanilla) },
    loopOverVanilla: loopOverVanilla(records.loop, records.vanilla),
    criticTraining: await readComparison(store, steps),
  };
}

/** Those that were measured, whole or as far as they got. */
async function readEvaluations(store: Store, steps: readonly StudiedStep[]) {
  const read = Object.entries(EVALUATIONS).map(async ([name, step]) => {
    const done = steps.find((it) => it.step === step);
    if (!done) return [];
    const folder = done.type === 'selfTalk' ? runFolder(`${done.workflowId}/evaluate`) : done.run;
    const keys = evaluationKeys(folder);
    const manifest = await readJson<EvaluationManifest>(store, keys.manifest);
    const scored = await readJson<Omit<ScoredRows, 'scores'>>(store, keys.summary);
    if (!manifest || !scored) return [];
    return [[name, { folder, plan: planOf(manifest.config), summary: scored.summary }] as const];
  });
  type Read = { folder: string; plan: ReturnType<typeof planOf>; summary: ScoredRows['summary'] };
  return Object.fromEntries((await Promise.all(read)).flat()) as Partial<Record<EvaluationName, Read>>;
}

async function readIterations(store: Store, steps: readonly StudiedStep[], name: LoopName): Promise<IterationRecord[]> {
  const run = steps.find(({ step }) => step === name)?.run;
  const records: IterationRecord[] = [];
  for (let iteration = 0; run; iteration++) {
    const [selection, evaluation, results] = await Promise.all([
      readIterationFile(store, run, iteration, 'selection'),
      readIterationFile(store, run, iteration, 'evaluation'),
      readIterationFile(store, run, iteration, 'results'),
    ]);
    if (!selection && !evaluation) break;
    records.push({
      iteration,
      counts: selection?.counts ?? null,
      diversity: selection?.diversity ?? null,
      evaluation: evaluation?.summary ?? null,
      results,
    });
  }
  return records;
}

async function readComparison(store: Store, steps: readonly StudiedStep[]): Promise<Evidence['criticTraining']> {
  const run = steps.find(({ step }) => step === 'critic')?.run;
  return run === undefined ? null : await readJson<CheckpointComparison>(store, `${run}/comparison.json`);
}

async function readStatistics<Statistics>(store: Store, steps: readonly StudiedStep[], name: string) {
  const run = steps.find(({ step }) => step === name)?.run;
  return run === undefined ? null : await readJson<Statistics>(store, `${run}/statistics.json`);
}

async function reportStep(store: Store, study: string, { run, ...step }: StudiedStep): Promise<StepReport> {
  return { ...step, tokens: await tokensOf(store, run), report: await pageOf(store, study, run, step.workflowId) };
}

/** A fine-tune has none of its own, but its evaluation has. */
async function pageOf(store: Store, study: string, run: string, workflowId: string): Promise<string | null> {
  for (const folder of [run, runFolder(`${workflowId}/candidate`)]) {
    const page = `${folder}/report.html`;
    if ((await store.size(page)) !== null) return relative(study, page);
  }
  return null;
}

/** What its stages read and wrote, of a run whose report says so. */
async function tokensOf(store: Store, run: string): Promise<StepReport['tokens']> {
  const report = await readJson<Partial<Pick<RunReport, 'iterations'>> & { stages?: Used[] }>(
    store,
    `${run}/report.json`,
  );
  const stages: Used[] = report?.stages ?? report?.iterations?.flatMap(({ stages }) => stages) ?? [];
  if (stages.length === 0) return null;
  const sum = (of: keyof Used) => stages.reduce((total, stage) => total + stage[of], 0);
  return { prompt: sum('promptTokens'), completion: sum('completionTokens') };
}

interface Used {
  promptTokens: number;
  completionTokens: number;
}

async function finish<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await breathe();
  }
}

const entries = <K extends string, V>(record: Partial<Record<K, V>>) => Object.entries(record) as [K, V][];
