import type { Attempt } from './rows.ts';

/** Which responses are critiqued and refined: all, those that the critic calls wrong, those that the oracle calls wrong. */
export type Gate = 'always' | 'verdict' | 'oracle';

/** Not right by the oracle. A response that could not be graded is neither right nor wrong. */
export function isIncorrect({ grade }: Attempt): boolean {
  return grade.outcome !== 'correct' && grade.outcome !== 'ungraded';
}

/** Under any of the gates. The critic has to read a response before it can judge it, so only the oracle's gate spares critiques. */
export function isCritiqued(row: Attempt, gates: readonly Gate[]): boolean {
  return gates.some((gate) => (gate === 'oracle' ? isIncorrect(row) : row.response.text.trim() !== ''));
}

/** Under any of the gates. A critique without text gives nothing to refine with. */
export function isRefined(row: Attempt, gates: readonly Gate[]): boolean {
  const { critique } = row;
  if (!critique || critique.text.trim() === '') return false;
  return gates.some(
    (gate) => gate === 'always' || (gate === 'verdict' ? critique.verdict === 'wrong' : isIncorrect(row)),
  );
}
