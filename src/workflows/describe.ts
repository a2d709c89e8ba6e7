import type { EvaluationSummary } from '../activities/score-evaluation.ts';
import type { WrittenReport } from '../activities/write-report.ts';

/** An iteration's accuracy in one line, for people. */
export function describeAccuracy(iteration: number, { accuracy, withCritic }: EvaluationSummary): string {
  const percent = (share: number | null) => (share === null ? 'unknown' : (100 * share).toFixed(1));
  const interval = `${percent(accuracy.low)} to ${percent(accuracy.high)}, n = ${accuracy.n}`;
  const critic = withCritic ? `; with critic ${percent(withCritic.accuracy.value)} %` : '';
  return `iteration ${iteration}: ${percent(accuracy.value)} % (${interval})${critic}`;
}

/** What the UI shows of a run: where its report is, what came out in words, and the report's own table. */
export function describeReport({ path, table }: WrittenReport, headline: readonly string[] = []): string {
  // The UI draws tables without space between columns.
  const spaced = table.replace(/(?<=[^-:|]) \|/g, '\u00A0\u00A0 |');
  return [`Report: ${path}`, ...headline, `${spaced}\n`].join('\n\n');
}
