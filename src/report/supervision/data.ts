import type { Attempt, Outcome } from '../../method/rows.ts';
import type { Plan } from '../../method/supervision/scored.ts';
import type { SupervisionSummary } from '../../method/supervision/summary.ts';
import type { Json, ReportedArtifact, RunReport } from '../data.ts';

/** Everything that the report of an `evaluate` run shows, finished or not. */
export interface SupervisionReport {
  /** The workflow id. */
  run: string;
  status: RunReport['status'];
  /** Why it was stopped, in the words of who stopped it, or what it failed of. */
  reason?: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  updatedAt: string;
  actor: string;
  critic: string | null;
  dataset: string;
  warnings: string[];
  plan: Plan;
  summary: SupervisionSummary;
  /** How the texts of each stage ended. */
  outcomes: { texts: string; outcomes: Record<Outcome, number> }[];
  /** In order; what each stage cost. */
  stages: SupervisionStage[];
  /** A sample of attempts to read. */
  attempts: { set: string; attempt: Attempt }[];
  artifacts: ReportedArtifact[];
  provenance: Record<string, Record<string, Json>>;
}

export interface SupervisionStage {
  /** For instance `samples, critique`. */
  stage: string;
  generations: number;
  seconds: number;
  promptTokens: number;
  completionTokens: number;
  /** US dollars; null without a price. */
  cost: number | null;
}
