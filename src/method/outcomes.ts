import type { Outcome } from './rows.ts';

/** A count of outcomes, at its beginning. */
export const noOutcomes = (): Record<Outcome, number> => ({
  correct: 0,
  wrong: 0,
  unparsed: 0,
  truncated: 0,
  ungraded: 0,
});
