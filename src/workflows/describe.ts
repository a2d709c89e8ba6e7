import type { CheckpointComparison, MeasuredCheckpoint } from '../activities/compare-checkpoints.ts';
import type { EvaluationSummary } from '../activities/score-evaluation.ts';
import type { WrittenReport } from '../activities/write-report.ts';
import type { Mean } from '../method/estimate/mean.ts';

/** An iteration's accuracy in one line, for people. */
export function describeAccuracy(iteration: number, { accuracy, withCritic }: EvaluationSummary): string {
  const percent = (share: number | null) => (share === null ? 'unknown' : (100 * share).toFixed(1));
  const interval = `${percent(accuracy.low)} to ${percent(accuracy.high)}, n = ${accuracy.n}`;
  const critic = withCritic ? `; with critic ${percent(withCritic.accuracy.value)} %` : '';
  return `iteration ${iteration}: ${percent(accuracy.value)} % (${interval})${critic}`;
}

/** Two checkpoints side by side, for people. */
export function describeComparison({ measure, candidate, against }: CheckpointComparison, reason: string): string {
  const percent = (share: Mean) =>
    share.value === null
      ? 'not measured'
      : `${(100 * share.value).toFixed(1)} % (${(100 * share.low).toFixed(1)} to ${(100 * share.high).toFixed(1)}, n = ${share.n})`;
  const columns: [string, (measured: MeasuredCheckpoint) => Mean | undefined][] = [
    [measure, ({ score }) => score],
    ['on right responses', ({ critic }) => critic?.discriminabilityOnRight],
    ['on wrong responses', ({ critic }) => critic?.discriminabilityOnWrong],
    ['helpfulness', ({ critic }) => critic?.helpfulness],
  ];
  const shown = columns.filter(([, of]) => of(candidate) !== undefined);
  const row = (measured: MeasuredCheckpoint) => [measured.model, ...shown.map(([, of]) => percent(of(measured)!))];
  const lines = [['checkpoint', ...shown.map(([name]) => name)], shown.map(() => '---'), row(candidate), row(against)];
  lines[1]!.unshift('---');
  return `${reason}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** What the UI shows of a run: where its report is, what came out in words, and the report's own table. */
export function describeReport({ path, table }: WrittenReport, headline: readonly string[] = []): string {
  // The UI draws tables without space between columns.
  const spaced = table.replace(/(?<=[^-:|]) \|/g, '\u00A0\u00A0 |');
  return [`Report: ${path}`, ...headline, `${spaced}\n`].join('\n\n');
}
