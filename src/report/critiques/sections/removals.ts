import { count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, tabulate } from '../../tabulate.ts';
import type { CritiquesReport } from '../data.ts';
import { reasonWords } from '../words.ts';

type Removed = CritiquesReport['statistics']['removed'][number];

const STAGES: Record<Removed['stage'], string> = { path: 'choice of paths', annotation: 'checks', filter: 'filter' };
const STRATEGIES = ['RG1', 'RG2', 'RG3', 'right'] as const;

/** What was taken out on the way, where and why. */
export function removals({ statistics: { removed } }: CritiquesReport): Markup | null {
  if (removed.length === 0) return null;
  const byStrategy = STRATEGIES.map(
    (strategy): Column<Removed> => ({ head: strategy, cell: (removal) => count(removal.byStrategy[strategy]) }),
  );
  return html`
<section id="removals"><h2>What was removed</h2>
<p>Every row is kept with its reason: paths in <code>removed/paths.jsonl</code>, critiques in <code>removed/annotation.jsonl</code> and <code>removed/filter.jsonl</code>.</p>
${tabulate<Removed>(
  'Removed rows by reason',
  [
    { head: 'Reason', cell: ({ reason }) => reason },
    { head: 'By', words: true, cell: ({ stage }) => STAGES[stage] },
    { head: 'What it means', words: true, cell: reasonWords },
    { head: 'Rows', cell: (removal) => count(removal.count) },
    ...byStrategy,
  ],
  removed,
)}
</section>`;
}
