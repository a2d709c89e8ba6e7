import type { SupervisionReport } from './data.ts';
import { largest, verdict } from './headline.ts';
import { strategyName } from './names.ts';
import { difference, few, mean, tokens } from './numbers.ts';
import { conditionsOf, differenceTo, headlineMeasures, isSameCondition } from './strategies.ts';

/** The run so far as a Markdown table, for Temporal's current details and for a terminal. */
export function supervisionTable({ summary, plan }: SupervisionReport): string {
  const rows = headlineMeasures(summary, plan.reviewed).map((measure) => [
    strategyName(measure),
    mean(measure.score),
    difference(differenceTo(summary, measure)),
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
  const votes = comparisons.filter(({ after, basis }) => after.method === 'maj' && basis === 'generations');
  return conditionsOf(votes.map(({ after }) => after)).flatMap((condition) => {
    const compared = largest(votes.filter(({ after }) => isSameCondition(after, condition)));
    return compared ? [`\n${verdict(compared)}\n`] : [];
  });
}
