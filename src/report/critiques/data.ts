import type { Removal } from '../../method/critiques/removals.ts';
import type { CritiqueStatistics } from '../../method/critiques/statistics.ts';
import type { Attempt } from '../../method/rows.ts';
import type { Json, ReportedArtifact, RunReport } from '../data.ts';
import type { SupervisionStage } from '../supervision/data.ts';

/** Everything that the report of a `buildCritiques` run shows, finished or not. */
export interface CritiquesReport {
  /** The workflow id. */
  run: string;
  status: RunReport['status'];
  /** Why it was stopped, in the words of who stopped it, or what it failed of. */
  reason?: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  updatedAt: string;
  actor: string;
  /** `exact` where a program annotates. */
  annotator: string;
  /** Who plants mistakes; null without RG3. */
  writer: string | null;
  dataset: string;
  questions: number;
  /** k of N; null: nothing is filtered. */
  filter: { refinements: number; keep: number } | null;
  minYield: number;
  warnings: string[];
  statistics: CritiqueStatistics;
  /** Critiques that were annotated and not refined yet when the run ended. */
  unfinished: number;
  /** In order; what each stage cost. */
  stages: SupervisionStage[];
  examples: { kept: Attempt[]; removed: (Removal & { attempt: Attempt })[] };
  artifacts: ReportedArtifact[];
  provenance: Record<string, Record<string, Json>>;
}
