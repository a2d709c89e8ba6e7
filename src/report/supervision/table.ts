import type { SupervisionReport } from './data.ts';
import { strategyName } from './names.ts';
import { difference, few, mean, tokens } from './numbers.ts';
import { differenceTo, headlineMeasures } from './strategies.ts';

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
  return table.map((cells) => `| ${cells.join(' | ')} |\n`.replaceAll('\u00A0', ' ')).join('');
}
