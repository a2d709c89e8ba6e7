import type { TalkStatistics } from '../../method/self-talk/statistics.ts';
import type { TalkRemoval, TalkRow } from '../../method/self-talk/verify.ts';
import type { ReportedArtifact, RunReport } from '../data.ts';
import type { SupervisionStage } from '../supervision/data.ts';

/** Everything that the report of a `selfTalk` run shows, finished or not. */
export interface SelfTalkReport extends Pick<RunReport, 'run' | 'reason' | 'startedAt' | 'updatedAt' | 'provenance'> {
  status: 'completed' | 'stopped' | 'failed' | 'cancelled';
  actor: string;
  critic: string;
  /** Who made one text of a chain: a model, or "templates". */
  smoother: string;
  dataset: string;
  /** Most rewrites of a chain. */
  rounds: number;
  warnings: string[];
  /** null: ended before any. */
  statistics: TalkStatistics | null;
  training: { checkpoint: string; uri: string; sha256: string; rows: number; steps: number; seconds: number } | null;
  /** Of the checkpoint; with the report's path from this one's. */
  evaluation: { workflowId: string; headline: string[]; report: string } | null;
  stages: SupervisionStage[];
  /** Samples to read. */
  kept: TalkRow[];
  removed: { reason: TalkRemoval; row: TalkRow }[];
  artifacts: ReportedArtifact[];
}
