import type { Gate } from '../gates.ts';
import type { Level, Outcome, Verdict } from '../rows.ts';

/** Who critiques: nobody, the critic, or the actor itself (self-correction). */
export type Reviewer = 'critic' | 'self';

/** One text that a model wrote, reduced to what the metrics need. */
export interface ScoredText {
  outcome: Outcome;
  /** What its answer means, as an index into the question's `classes`. null: it has no answer. */
  class: number | null;
  /** Tokens of its own, and its share of those that its request read. */
  promptTokens: number;
  completionTokens: number;
}

/** A response, with what each reviewer made of it. */
export interface Draw extends ScoredText {
  /** Without text there is nothing to critique: it stands. */
  blank: boolean;
  /** The 1-based first wrong step where the truth is known and the response is wrong. */
  firstWrongStep: number | null;
  /** A reviewer is absent where it has not critiqued this response. */
  reviews: Partial<Record<Reviewer, Review>>;
  /**
   * Reviewers whose work on this shard of questions was cut short. What they did of it says nothing: which answers are known by then
   * depends on whether they are right.
   */
  unfinished?: Reviewer[];
}

/** A critique and, where a gate of the run let it be made, the refinement. */
export interface Review {
  verdict: Verdict;
  firstWrongStep: number | null;
  /** No text: nothing to refine with, so the response stands. */
  blank: boolean;
  promptTokens: number;
  completionTokens: number;
  refinement: (ScoredText & { blank: boolean }) | null;
}

/** One question of an evaluation: everything that was drawn for it. */
export interface Scored {
  id: string;
  /** As the dataset has it. */
  level: Level | null;
  /** Whether each class of answers is right: its first answer's grade. Answers in one class mean the same. */
  classes: boolean[];
  /** At temperature 0. null: the run ended before. */
  greedy: Draw | null;
  /** In the order in which they were drawn. */
  samples: Draw[];
  /**
   * The sequential chain by the critic: the first review is of samples[0], each later one of the refinement before it. It ends where
   * no gate of the run lets it go on.
   */
  chain: Review[];
  /** Rounds of it that were finished for its whole shard; all that were asked for unless told. */
  rounds?: number;
}

/** What a run was asked to measure. */
export interface Plan {
  seed: number;
  /** N: responses per question. */
  samples: number;
  /** K: of these, so many are critiqued and refined by each reviewer. At most N. */
  reviewed: number;
  /** Numbers of samples to measure at, ascending, each at most N. */
  ks: number[];
  gates: Gate[];
  reviewers: Reviewer[];
  /** M: rounds of the chain; 0 for none. */
  rounds: number;
}
