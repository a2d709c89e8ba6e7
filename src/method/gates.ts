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

/** Under any of the gates. A response without text leaves nothing to judge; of the others only the oracle's gate spares some. */
export function isCritiqued(row: Attempt, gates: readonly Gate[]): boolean {
  return row.response.text.trim() !== '' && gates.some((gate) => gate !== 'oracle' || isIncorrect(row));
}

/** Under any of the gates. A critique without text, or one that will not be kept, gives nothing to refine with. */
export function isRefined({ grade, critique }: Attempt, gates: readonly Gate[]): boolean {
  if (!critique || critique.text.trim() === '' || critique.annotation?.problem) return false;
  return gates.some((gate) => isOpen(gate, grade.outcome, critique.verdict));
}

/** Whether a text of this outcome, with a critique of this verdict, is refined. */
export function isOpen(gate: Gate, outcome: Outcome, verdict: Verdict): boolean {
  return gate === 'always' || (gate === 'verdict' ? verdict === 'wrong' : isIncorrectOutcome(outcome));
}
