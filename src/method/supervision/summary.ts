import type { Difference, FrequencyReport, Mean } from '../estimate.ts';
import type { Gate } from '../gates.ts';
import type { Level, Verdict } from '../rows.ts';
import type { Reviewer } from './scored.ts';

/**
 * How an answer is got from what was drawn (method.md D2).
 * - greedy: the one response at temperature 0; sampled: any one of the samples
 * - maj: the vote of k samples; pass: whether any of k is right; best: one of k that the critic calls correct
 * - sequential-vote, sequential-last, sequential-pass: of the first k rounds of a chain
 */
export type Method =
  | 'greedy'
  | 'sampled'
  | 'maj'
  | 'pass'
  | 'best'
  | 'sequential-vote'
  | 'sequential-last'
  | 'sequential-pass';

/** A way to answer a question, at a number of samples or rounds. */
export interface Strategy {
  method: Method;
  /** null: response only. */
  reviewer: Reviewer | null;
  /** Which responses are refined; null for response only and for `best`, which refines nothing. */
  gate: Gate | null;
  /** Samples (greedy and sampled: 1), or rounds. */
  k: number;
}

/** What a strategy costs per question, on average. */
export interface Use {
  generations: number;
  promptTokens: number;
  completionTokens: number;
  /** The stages' wall clock, shared out by the tokens that they generated. */
  seconds: number;
  /** US dollars; null where nothing has a price. */
  cost: number | null;
}

export interface Measure extends Strategy {
  /** Of the questions for which everything that the strategy needs was drawn and graded. */
  score: Mean;
  use: Use;
}

/** What is made equal between the two strategies of a comparison. */
export type Basis = 'samples' | 'actor generations' | 'generations' | 'tokens';

/** A strategy with a reviewer against response only, on the same questions. */
export interface Comparison {
  after: Strategy;
  before: Strategy;
  basis: Basis;
  /** null: `before` would need more samples than were drawn. */
  difference: Difference | null;
}

/** What a reviewer's critiques are worth (method.md D1). Shares have questions as their n where a question has several responses. */
export interface ReviewSummary {
  reviewer: Reviewer;
  gate: Gate;
  on: 'greedy' | 'samples';
  critiques: number;
  verdicts: Record<Verdict, number>;
  /** Of the answers before and after, under the gate. */
  before: Mean;
  after: Mean;
  difference: Difference;
  /** Share of verdicts that agree with the oracle; critiques without a verdict are in none of the three. */
  discriminability: Mean;
  discriminabilityOnRight: Mean;
  discriminabilityOnWrong: Mean;
  /** The same with a critique without a verdict counted as a mistake. */
  strictDiscriminability: Mean;
  /** Share of critiques without a verdict. */
  unparsable: Mean;
  /** Share of refinements of incorrect responses that are right. */
  helpfulness: Mean;
  /** From the response to the answer in the end, counted by response. */
  transitions: { c2c: number; c2i: number; i2c: number; i2i: number };
  /** Share of critiques of wrong responses that name the first wrong step, where the truth is known. */
  firstWrongStep: Mean;
}

export interface LevelSummary {
  /** The dataset's levels, or five equal bins of the actor's own pass rate. */
  by: 'dataset' | 'pass rate';
  levels: {
    level: Level;
    questions: number;
    /** Of the greedy responses. */
    responseOnly: Mean;
    reviewed: { reviewer: Reviewer; gate: Gate; score: Mean; difference: Difference }[];
  }[];
}

/** Why voting helps (method.md D8), over the K samples that are critiqued. */
export interface VoteSummary extends FrequencyReport {
  reviewer: Reviewer | null;
  gate: Gate | null;
  /** K. */
  k: number;
}

/** Everything that an evaluation measured. */
export interface SupervisionSummary {
  questions: number;
  measures: Measure[];
  comparisons: Comparison[];
  reviews: ReviewSummary[];
  levels: LevelSummary[];
  votes: VoteSummary[];
}
