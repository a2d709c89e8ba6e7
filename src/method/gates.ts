import type { Attempt } from './rows.ts';

/** Which responses are critiqued and refined: all, those that the critic calls wrong, those that the oracle calls wrong. */
export type Gate = 'always' | 'verdict' | 'oracle';

/** Not right by the oracle. A response that could not be graded is neither right nor wrong. */
export function isIncorrect({ grade }: Attempt): boolean {
  return grade.outcome !== 'correct' && grade.outcome !== 'ungraded';
}

/** The critic has to read a response before it can judge it, so only the oracle's gate spares critiques. */
export function isCritiqued(row: Attempt, gate: Gate): boolean {
  return gate === 'oracle' ? isIncorrect(row) : row.response.text.trim() !== '';
}

/** A critique without text gives nothing to refine with. */
export function isRefined(row: Attempt, gate: Gate): boolean {
  if (!row.critique || row.critique.text.trim() === '') return false;
  return gate === 'always' || (gate === 'verdict' ? row.critique.verdict === 'wrong' : isIncorrect(row));
}
