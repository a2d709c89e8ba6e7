import type { Attempt, Outcome, Verdict } from './rows.ts';

/** Which responses are critiqued and refined: all, those that the critic calls wrong, those that the oracle calls wrong. */
export type Gate = 'always' | 'verdict' | 'oracle';

/** Not right by the oracle. A response that could not be graded is neither right nor wrong. */
export function isIncorrect({ grade }: Attempt): boolean {
  return isIncorrectOutcome(grade.outcome);
}

export function isIncorrectOutcome(outcome: Outcome): boolean {
  return outcome !== 'correct' && outcome !== 'ungraded';
}

/** The critic has to read a response before it can judge it, so only the oracle's gate spares critiques. */
export function isCritiqued(row: Attempt, gate: Gate): boolean {
  return gate === 'oracle' ? isIncorrect(row) : row.response.text.trim() !== '';
}

/** A critique without text gives nothing to refine with. */
export function isRefined(row: Attempt, gate: Gate): boolean {
  if (!row.critique || row.critique.text.trim() === '') return false;
  return isOpen(gate, row.grade.outcome, row.critique.verdict);
}

/** Whether a text of this outcome, with a critique of this verdict, is refined. */
export function isOpen(gate: Gate, outcome: Outcome, verdict: Verdict): boolean {
  return gate === 'always' || (gate === 'verdict' ? verdict === 'wrong' : isIncorrectOutcome(outcome));
}
