import type { RunComparison } from '../../method/supervision/compare-runs.ts';
import { count, counted } from '../format.ts';
import { strategyName } from './names.ts';
import { difference, p } from './numbers.ts';

/** Two evaluations as a Markdown table: for each strategy the second minus the first, in percentage points. */
export function comparisonTable(comparison: RunComparison, before: string, after: string): string {
  const { both, onlyBefore, onlyAfter, strategies } = comparison;
  const rows = [
    ['strategy', `${after} minus ${before} (95 % interval)`, 'p', 'questions'],
    ['---', '---:', '---:', '---:'],
    ...strategies.map(({ strategy, difference: compared }) => [
      strategyName(strategy),
      difference(compared),
      p(compared),
      count(compared.n),
    ]),
  ];
  const table = rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  const unpaired =
    onlyBefore + onlyAfter === 0
      ? ''
      : ` ${counted(onlyBefore, 'question')} only in ${before} and ${count(onlyAfter)} only in ${after} are left out.`;
  return `${table}\nPaired on ${counted(both, 'question')} that both have.${unpaired}`.replaceAll('\u00A0', ' ');
}
