import type { CritiqueCounts } from '../../method/critiques/statistics.ts';
import { mean } from '../supervision/numbers.ts';
import type { CritiquesReport } from './data.ts';

/** The run so far as a Markdown table, for Temporal's current details and for a terminal. */
export function critiquesTable({ statistics: { byStrategy, total } }: Pick<CritiquesReport, 'statistics'>): string {
  const row = (name: string, { made, chosen, annotated, kept, yield: share }: CritiqueCounts) => [
    name,
    ...[made, chosen, annotated, kept].map(String),
    mean(share),
  ];
  const table = [
    ['paths', 'made', 'chosen', 'annotated', 'kept', 'yield (95 % interval)'],
    ['---', '---:', '---:', '---:', '---:', '---:'],
    ...byStrategy.map(({ strategy, ...counts }) => row(strategy, counts)),
    row('all', total),
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |\n`.replaceAll('\u00A0', ' ')).join('');
}
