import type { CriticDataCounts } from '../method/critic-data.ts';
import type { Diversity } from '../method/diversity.ts';
import type { Attempt, Level, Outcome, Verdict } from '../method/rows.ts';

/** A share with its 95 % interval; `value`, `low` and `high` are between 0 and 1. */
export interface Proportion {
  successes: number;
  n: number;
  value: number;
  low: number;
  high: number;
}

/** The difference of two accuracies on the same n questions, with its paired 95 % interval, between -1 and 1, and its p value (McNemar's mid-p). */
export interface PairedDifference {
  difference: number;
  low: number;
  high: number;
  n: number;
  p: number;
}

/** How many texts ended in each way. */
export type Outcomes = Record<Outcome, number>;

export type Stage = 'sample' | 'critique' | 'refine' | 'select' | 'fine-tune' | 'critic-fine-tune' | 'evaluate';

/** Everything that the report of a `selfImprove` run shows, finished or not. */
export interface RunReport {
  /** The workflow id. */
  run: string;
  status: 'running' | 'completed' | 'stopped' | 'failed' | 'cancelled';
  /** Why it was stopped, in the words of who stopped it, or what it failed of. */
  reason?: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  updatedAt: string;
  actor: string;
  /** null: vanilla self-improvement. */
  critic: string | null;
  datasets: { train: string; test: string };
  /** What a reader must know before trusting the numbers. */
  warnings: string[];
  /** Ascending, from 0; the last one may have got only part of the way. */
  iterations: IterationReport[];
  /** A sample of attempts to read. */
  attempts: SampledAttempt[];
  artifacts: ReportedArtifact[];
  /** Group, then name, then value: seed, input, hashes, prompts, sampling, versions. */
  provenance: Record<string, Record<string, Json>>;
}

/** One iteration; a part is absent until its stage is over. Iteration 0 explores nothing. */
export interface IterationReport {
  iteration: number;
  exploration?: ExplorationReport;
  /** Right rows that were not trained on, and where they are listed. */
  removed?: { duplicates: number; overCap: number; shortcuts: number; uri: string };
  training?: TrainingReport;
  checkpoint?: { uri: string; sha256: string };
  /** Where the critic was retrained. */
  critic?: { training: TrainingReport; checkpoint: { uri: string; sha256: string } };
  evaluation?: EvaluationReport;
  stages: StageUse[];
}

/** Sampling from the training questions, critiquing what is wrong, refining, and what was kept of it. */
export interface ExplorationReport {
  questions: number;
  responses: Outcomes;
  accepted: Accepted;
  byLevel: { level: Level; accepted: Accepted }[];
  /** Questions with at least one right text: among the responses, and among responses and refinements. */
  solved: { withoutCritique: number; withCritique: number };
  diversity: Diversity;
  refinements?: Outcomes;
  critic?: CriticReport;
  /** What the critic could learn from its own successes; absent without a critic. */
  criticData?: CriticDataCounts;
}

/** Rows that the selection kept: right responses, and right refinements. */
export interface Accepted {
  withoutCritique: number;
  withCritique: number;
}

/** The critic's verdicts, and how often they agree with the oracle where they could be read (discriminability, method.md D1). */
export interface CriticReport {
  verdicts: Record<Verdict, number>;
  onCorrect?: Proportion;
  onWrong?: Proportion;
}

export interface TrainingReport {
  rows: number;
  byKind: { kind: string; rows: number }[];
  steps: number;
  seconds: number;
  losses: { step: number; loss: number }[];
}

/** Greedy, on the test set. */
export interface EvaluationReport {
  /** Response only. */
  accuracy: Proportion;
  /** Over iteration 0, response only; absent in iteration 0. */
  gain?: PairedDifference;
  outcomes: Outcomes;
  byLevel: { level: Level; accuracy: Proportion; accuracyWithCritic?: Proportion }[];
  withCritic?: {
    accuracy: Proportion;
    /** Over the response only, of the same checkpoint. */
    gain: PairedDifference;
    outcomes: Outcomes;
    critic: CriticReport;
  };
}

/** What a stage cost; a stage that generates nothing has no tokens. */
export interface StageUse {
  stage: Stage;
  seconds: number;
  promptTokens: number;
  completionTokens: number;
}

export interface SampledAttempt {
  iteration: number;
  /** Which set the question is from. */
  set: 'train' | 'test';
  attempt: Attempt;
}

export interface ReportedArtifact {
  name: string;
  uri: string;
  sha256: string;
  rows: number;
  bytes: number;
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
