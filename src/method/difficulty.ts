import type { Attempt, Level } from './rows.ts';

export interface PassRate {
  correct: number;
  /** Graded responses. */
  total: number;
}

/**
 * The level of a question that was answered right `correct` times of `total`: five bins of equal width (method.md D1), from 1 for a
 * pass rate of at least 0.8 down to 5 for one below 0.2. Throws RangeError unless 0 <= correct <= total and total > 0.
 */
export function levelOf({ correct, total }: PassRate): Level {
  if (!(correct >= 0 && correct <= total && total > 0)) throw new RangeError(`not a pass rate: ${correct} of ${total}`);
  return (5 - Math.min(4, Math.floor((5 * correct) / total))) as Level;
}

/** Collects pass rates by question id, from the rows of a sampling stage (one per response). Ungraded responses don't count. */
export function passRates(): { add(row: Attempt): void; rates(): Map<string, PassRate> } {
  const rates = new Map<string, PassRate>();
  return {
    add({ question, grade }) {
      if (grade.outcome === 'ungraded') return;
      const rate = rates.get(question.id) ?? { correct: 0, total: 0 };
      rates.set(question.id, rate);
      rate.total++;
      if (grade.outcome === 'correct') rate.correct++;
    },
    rates: () => rates,
  };
}
