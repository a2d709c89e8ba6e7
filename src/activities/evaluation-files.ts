import { type ArtifactRef, readLines } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { EvaluateConfig } from '../config/evaluate.ts';
import type { Place } from '../method/supervision/collect.ts';
import type { Plan, Reviewer, Scored } from '../method/supervision/scored.ts';
import type { LoadedEvaluation } from './load-evaluation.ts';
import type { Tokens } from './shard.ts';

/** One stage of one pass: where its rows are. */
interface StageFiles {
  shards: { artifact: ArtifactRef; partial: boolean }[];
  tokens: Tokens;
}

/** What one pass of an evaluation left; null for a stage that it has not, or that was stopped before its first row. */
export interface PassFiles extends Place {
  pass: string;
  sampled: StageFiles | null;
  critiqued: StageFiles | null;
  refined: StageFiles | null;
  used: { stage: 'sample' | 'critique' | 'refine'; seconds: number; tokens: Tokens }[];
}

/** Everything that an evaluation's numbers and its report are made from, together with the rows that it names. */
export interface EvaluationManifest {
  workflowId: string;
  /** Folder of the run in the store. */
  run: string;
  config: EvaluateConfig;
  status: 'completed' | 'stopped' | 'failed' | 'cancelled';
  reason?: string;
  /** ISO 8601. */
  startedAt: string;
  updatedAt: string;
  loaded: LoadedEvaluation;
  passes: PassFiles[];
  warnings: string[];
}

/** Keys in the store of what a run's evaluation leaves beside its rows. */
export const evaluationKeys = (run: string) => ({
  manifest: `${run}/evaluation.json`,
  scores: `${run}/scores.jsonl`,
  summary: `${run}/summary.json`,
  html: `${run}/report.html`,
  csv: `${run}/report.csv`,
  json: `${run}/report.json`,
});

/** What each question of an evaluation came to, as `scoreVotes` left it. @param run folder of the evaluation in the store */
export async function* readScores(store: Store, run: string): AsyncIterable<Scored> {
  for await (const line of readLines(store.read(evaluationKeys(run).scores)))
    if (line !== '') yield JSON.parse(line) as Scored;
}

/**
 * Whether a reviewer's pass finished one shard of its questions. Shards are the same ranges of questions in every stage and pass, unless
 * the run ended among them: then none counts.
 */
export function isFinished({ sampled, critiqued, refined }: PassFiles, shard: number, shards: number): boolean {
  const made = [sampled, critiqued, refined].filter((stage) => stage !== null);
  return refined !== null && made.every((stage) => stage.shards.length === shards && !stage.shards[shard]!.partial);
}

export const refsOf = (stage: StageFiles | null): ArtifactRef[] =>
  (stage?.shards ?? []).map(({ artifact }) => artifact);

/** What the run was asked to measure. */
export function planOf(config: EvaluateConfig): Plan {
  const { seed, samples, samplesWithCritic, ks, gates, critic, selfCorrection, sequential } = config;
  const reviewers: Reviewer[] = [...(critic ? ['critic' as const] : []), ...(selfCorrection ? ['self' as const] : [])];
  const reviewed = reviewers.length > 0 ? (samplesWithCritic ?? samples) : 0;
  return {
    seed,
    samples,
    reviewed,
    ks: [...new Set(ks ?? [...doublings(samples), reviewed])].filter((k) => k > 0).sort((a, b) => a - b),
    gates,
    reviewers,
    rounds: sequential?.rounds ?? 0,
  };
}

/** Everything that reviewers were asked to work on. */
export function placesOf({ reviewers, reviewed, rounds }: Plan): Place[] {
  const chain = Array.from({ length: rounds }, (_, i): Place => ({ on: 'chain', reviewer: 'critic', round: i + 1 }));
  return [
    ...reviewers.map((reviewer): Place => ({ on: 'greedy', reviewer })),
    ...(reviewed > 0 ? reviewers.map((reviewer): Place => ({ on: 'samples', reviewer })) : []),
    ...chain,
  ];
}

/** 1, 2, 4, 8 and so on, and the last. */
function doublings(last: number): number[] {
  const powers = Array.from({ length: Math.floor(Math.log2(Math.max(last, 1))) + 1 }, (_, i) => 2 ** i);
  return last === 0 ? [] : [...powers, last];
}
