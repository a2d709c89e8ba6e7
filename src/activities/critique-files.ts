import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import type { LoadedQuestions } from './load-critique-questions.ts';
import type { Tokens } from './shard.ts';

/** The shards of one stage; null for one that was not reached. */
export type StageShards = { artifact: ArtifactRef; partial: boolean }[] | null;

/** In the order in which they run. */
export type CritiqueStage = 'sample' | 'mistakes' | 'rg2' | 'rg3' | 'annotate' | 'refine';

/** Everything that the datasets of a `buildCritiques`, its numbers and its report are made from, together with the rows that it names. */
export interface CritiquesManifest {
  workflowId: string;
  /** Folder of the run in the store. */
  run: string;
  config: BuildCritiquesConfig;
  status: 'completed' | 'stopped' | 'failed' | 'cancelled';
  reason?: string;
  /** ISO 8601. */
  startedAt: string;
  updatedAt: string;
  loaded: LoadedQuestions;
  /** Graded responses. */
  sampled: StageShards;
  /** Plans of RG3, with their mistakes. */
  written: StageShards;
  rg2: StageShards;
  rg3: StageShards;
  /** What is annotated. */
  paths: ArtifactRef[];
  /** Candidates that are not. */
  removedPaths: ArtifactRef | null;
  critiqued: StageShards;
  refined: StageShards;
  used: { stage: CritiqueStage; seconds: number; tokens: Tokens }[];
  warnings: string[];
}

/** Keys in the store of what a run leaves beside its stages. */
export const critiqueKeys = (run: string) => ({
  manifest: `${run}/critiques.json`,
  removed: {
    path: `${run}/removed/paths.jsonl`,
    annotation: `${run}/removed/annotation.jsonl`,
    filter: `${run}/removed/filter.jsonl`,
  },
  critiques: `${run}/critiques.jsonl`,
  criticSft: `${run}/critic-sft.jsonl`,
  refine: `${run}/refine.jsonl`,
  selfCorrectionSft: `${run}/self-correction-sft.jsonl`,
  exported: `${run}/export`,
  statistics: `${run}/statistics.json`,
  html: `${run}/report.html`,
  json: `${run}/report.json`,
});

export const refsOf = (stage: StageShards): ArtifactRef[] => (stage ?? []).map(({ artifact }) => artifact);
