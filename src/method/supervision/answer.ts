import { type Gate, isIncorrectOutcome, isOpen } from '../gates.ts';
import type { Draw, Review, Reviewer, ScoredText } from './scored.ts';

/** Who critiques, and which responses are refined; null where nobody does: response only. */
export type Supervision = { reviewer: Reviewer; gate: Gate } | null;

/** What a response came to: what counts in the end, and what was made on the way and has to be paid. */
export interface Answer {
  text: ScoredText;
  response: ScoredText;
  /** null: the response was not critiqued. */
  critique: Review | null;
  /** null: the response stands. */
  refinement: (ScoredText & { blank: boolean }) | null;
}

/**
 * The answer of a run that had this supervision alone, from what a run of any gates drew: the refinement where the gate lets it be made,
 * else the response. null: unknown, because the run ended before it had made what the gate needs.
 */
export function answerUnder(draw: Draw, supervision: Supervision): Answer | null {
  if (!supervision) return { text: draw, response: draw, critique: null, refinement: null };
  const { reviewer, gate } = supervision;
  if (draw.unfinished?.includes(reviewer)) return null;
  return reviewUnder(draw, draw.reviews[reviewer], gate);
}

/** The critique that the gate has this response get; null where it has it get none, and where the run ended before. */
export function critiqueUnder(draw: Draw, { reviewer, gate }: NonNullable<Supervision>): Review | null {
  return getsCritique(draw, gate) ? (draw.reviews[reviewer] ?? null) : null;
}

/** One step of critique and refinement of a text, given what a run of any gates made of it. null: unknown. */
export function reviewUnder(
  response: ScoredText & { blank: boolean },
  review: Review | undefined,
  gate: Gate,
): Answer | null {
  const stands: Answer = { text: response, response, critique: null, refinement: null };
  if (!getsCritique(response, gate)) return stands;
  if (!review) return null;
  if (review.blank || !isOpen(gate, response.outcome, review.verdict)) return { ...stands, critique: review };
  const { refinement } = review;
  return refinement && { text: refinement, response, critique: review, refinement };
}

/** Right and ungraded responses are spared by the oracle's gate, those without text by all. */
function getsCritique({ blank, outcome }: ScoredText & { blank: boolean }, gate: Gate): boolean {
  return !blank && (gate !== 'oracle' || isIncorrectOutcome(outcome));
}
