import type { EvaluationSummary } from '../activities/score-evaluation.ts';

/** An iteration's accuracy in one line, for people. */
export function describeAccuracy(iteration: number, { accuracy, withCritic }: EvaluationSummary): string {
  const percent = (share: number | null) => (share === null ? 'unknown' : (100 * share).toFixed(1));
  const interval = `${percent(accuracy.low)} to ${percent(accuracy.high)}, n = ${accuracy.n}`;
  const critic = withCritic ? `; with critic ${percent(withCritic.accuracy.value)} %` : '';
  return `iteration ${iteration}: ${percent(accuracy.value)} % (${interval})${critic}`;
}
