import { NOTHING } from '../tabulate.ts';
import type { SupervisionReport } from './data.ts';
import { verdict } from './headline.ts';
import { strategyName } from './names.ts';
import { difference, few, isCompared, mean, tokens } from './numbers.ts';
import { conditionsOf, differenceTo, headlineMeasures, isSameCondition } from './strategies.ts';

/** The run so far as a Markdown table, for Temporal's current details and for a terminal. */
export function supervisionTable({ summary, plan }: SupervisionReport): string {
  const rows = headlineMeasures(summary, plan.reviewed).map((measure) => [
    strategyName(measure),
    mean(measure.score),
    measure.reviewer === null ? NOTHING : difference(differenceTo(summary, measure)),
    few(tokens(measure.use)),
  ]);
  const table = [
    ['strategy', 'accuracy (95 % interval)', 'difference to response only', 'tokens per question'],
    ['---', '---:', '---:', '---:'],
    ...rows,
  ];
  return [...table.map((cells) => `| ${cells.join(' | ')} |\n`), ...budgets(summary)]
    .join('')
    .replaceAll('\u00A0', ' ');
}

/** Of every condition, the vote against as many generations of responses only, at the largest k for which there are so many. */
function budgets({ comparisons }: SupervisionReport['summary']): string[] {
  const compared = comparisons
    .filter(
      ({ after, basis, difference }) => after.method === 'maj' && basis === 'generations' && isCompared(difference),
    )
    .toSorted((a, b) => b.after.k - a.after.k);
  return conditionsOf(compared.map(({ after }) => after)).map((condition) => {
    const largest = compared.find(({ after }) => isSameCondition(after, condition))!;
    return `\n${verdict(largest)}\n`;
  });
}
