import type { CritiqueStatistics } from '../../method/critiques/statistics.ts';
import type { TalkStatistics } from '../../method/self-talk/statistics.ts';
import type { Evidence } from '../../method/study/evidence.ts';
import type { Finding } from '../../method/study/finding.ts';
import type { Json, RunReport } from '../data.ts';

/** Everything that the report of a `study` shows, finished or not. */
export interface StudyData {
  /** The workflow id. */
  run: string;
  status: RunReport['status'];
  /** Why it was stopped, in the words of who stopped it, or what it failed of. */
  reason?: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  updatedAt: string;
  actor: string;
  critic: string;
  datasets: { train: string; test: string };
  warnings: string[];
  findings: Finding[];
  evidence: Evidence;
  /** How the critic's data came about, and the self-talks; null where the study has none yet. */
  critiques: CritiqueStatistics | null;
  selfTalk: TalkStatistics | null;
  /** In their order. */
  steps: StepReport[];
  provenance: Record<string, Record<string, Json>>;
}

/** A child run. */
export interface StepReport {
  /** For instance `evaluate-sft`. */
  step: string;
  /** The workflow. */
  type: string;
  workflowId: string;
  /** reused: another study, or this one before, had run it. */
  status: 'done' | 'reused' | 'stopped' | 'failed';
  /** Of this study's time. */
  seconds: number;
  /** What came out, in a few words. */
  headline: string;
  /** null where the run keeps no count. */
  tokens: { prompt: number; completion: number } | null;
  /** Of its page, from this one; null where it has none. */
  report: string | null;
}
