import type { CheckpointRef } from '../backends/inference/engine.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { SelfTalkConfig } from '../config/self-talk.ts';
import type { TalkStatistics } from '../method/self-talk/statistics.ts';
import type { LoadedSelfTalk } from './load-self-talk.ts';
import type { Tokens } from './shard.ts';

/** Keys in the store of what a `selfTalk` leaves beside its rows. */
export const selfTalkKeys = (run: string) => ({
  /** Every chain with its text and why it is not trained on, where it is not. */
  all: `${run}/talks.jsonl`,
  kept: `${run}/self-talk.jsonl`,
  sft: `${run}/self-talk-sft.jsonl`,
  removed: `${run}/removed.jsonl`,
  statistics: `${run}/statistics.json`,
  html: `${run}/report.html`,
  json: `${run}/report.json`,
});

/** What the verified self-talks came to. */
export interface WrittenTalks {
  statistics: TalkStatistics;
  /** With chain and models. */
  kept: ArtifactRef;
  /** In the trainer's format. */
  sft: ArtifactRef;
  /** {reason, row} */
  removed: ArtifactRef;
}

/** Everything that a run's report is made from, together with the rows that it names. */
export interface SelfTalkManifest {
  workflowId: string;
  /** Folder of the run in the store. */
  run: string;
  config: SelfTalkConfig;
  status: 'completed' | 'stopped' | 'failed' | 'cancelled';
  reason?: string;
  /** ISO 8601. */
  startedAt: string;
  updatedAt: string;
  loaded: LoadedSelfTalk;
  used: { stage: string; seconds: number; tokens: Tokens; rows: number }[];
  artifacts: { name: string; ref: ArtifactRef }[];
  /** Whether it got as far as its self-talks. */
  verified: boolean;
  training: { checkpoint: CheckpointRef; rows: number; steps: number; seconds: number } | null;
  evaluation: { workflowId: string; headline: string[]; report: string } | null;
  warnings: string[];
}
