import type { Diversity } from '../diversity.ts';
import type { Difference, Mean, Proportion } from '../estimate.ts';
import type { Gate } from '../gates.ts';
import type { SelectionCounts } from '../select.ts';
import type { CriticQuality } from '../supervision/critic-quality.ts';
import type { Plan } from '../supervision/scored.ts';
import type { LevelSummary, SupervisionSummary } from '../supervision/summary.ts';

/** The actors that a study measures: what they were trained on, and for `sft-base-critic` whom they are reviewed by. */
export type EvaluationName = 'sft' | 'sft-base-critic' | 'self-correction' | 'self-talk' | 'vanilla' | 'loop';

/** The two runs of self-improvement. */
export type LoopName = 'loop' | 'vanilla';

/** Everything that a study's findings are read from. What was not measured is absent or null. */
export interface Evidence {
  /** Whose refinements count wherever one gate is meant: the reviewer's verdict where that was measured, else always. */
  gate: Gate;
  evaluations: Partial<Record<EvaluationName, { plan: Plan; summary: SupervisionSummary }>>;
  contrasts: Contrasts;
  /** Votes of the actor without self-improvement; ascending in k. */
  budget: Budget[];
  /** Ascending, from 0. */
  iterations: Record<LoopName, IterationEvidence[]>;
  /** In the loop minus vanilla, for each iteration that both have, paired by question. */
  loopOverVanilla: { iteration: number; difference: Difference }[];
  /** The critic before and after its training, as its fine-tune measured them on held-out questions. */
  criticTraining: { candidate: CriticMeasured; against: CriticMeasured; difference: Difference } | null;
}

export interface CriticMeasured {
  model: string;
  critic: CriticQuality | null;
}

/** Differences between conditions that no single evaluation has, paired by question. */
export interface Contrasts {
  /** What the critic adds to greedy responses at levels 4 and 5, and at 1 and 2. */
  hardness: { by: LevelSummary['by']; hard: Difference; easy: Difference } | null;
  /** The trained critic minus its base, on the responses of the same actor. */
  critics: {
    /** Verdicts that agree with the oracle; a critique without a verdict does not. */
    agreement: Difference;
    /** Of the responses that are wrong in both: right in the end. */
    repaired: Difference;
  } | null;
  /** With the critic minus alone, of the actor without self-improvement, at the largest number of samples. */
  samples: { k: number; frequency: Difference; vote: Difference; pass: Difference } | null;
  /** Of the chain and of as many samples in parallel, with the critic, at the largest number that both have. */
  chain: {
    k: number;
    /** Parallel minus sequential. */
    pass: Difference;
    /** Sequential minus parallel. */
    vote: Difference;
    /** The vote of the rounds minus the last of them. */
    voteOverLast: Difference;
  } | null;
  /** What the critic adds after critique-in-the-loop minus what it adds before, greedy. */
  shrinkage: Difference | null;
  /** Greedy, each minus the one below it: self-correction, self-talk, two players. */
  ladder: {
    selfTalkOverSelfCorrection: Difference | null;
    twoPlayersOverSelfTalk: Difference | null;
    twoPlayersOverSelfCorrection: Difference | null;
  };
}

/** Votes of k samples with the critic, and votes that take as many samples, actor generations or generations in all without it. */
export interface Budget {
  k: number;
  withCritic: Mean;
  /** The vote of k, 2k and 3k; null where fewer were drawn. */
  alone: Record<'k' | '2k' | '3k', Mean | null>;
}

/** One iteration of self-improvement. */
export interface IterationEvidence {
  iteration: number;
  /** Greedy, response only; null where it was not evaluated. */
  accuracy: Proportion | null;
  accuracyWithCritic: Proportion | null;
  /** Paired, over the iteration before and over iteration 1. */
  overPrevious: Difference | null;
  overFirst: Difference | null;
  /** null in iteration 0, which explores nothing. */
  explored: Explored | null;
}

/** What an iteration found on the training questions, and what of it is trained on. */
export interface Explored {
  diversity: Diversity;
  accepted: number;
  removed: Pick<SelectionCounts, 'duplicates' | 'overCap' | 'shortcuts'>;
}

/** Under which gate conditions are compared: the one that a user would have, among those that were measured. */
export function leadingGate(plans: readonly Plan[]): Gate {
  const measured = plans.flatMap(({ gates }) => gates);
  return (['verdict', 'always', 'oracle'] as const).find((gate) => measured.includes(gate)) ?? 'verdict';
}
