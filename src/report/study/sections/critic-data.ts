import type { CritiqueCounts, CritiqueStatistics } from '../../../method/critiques/statistics.ts';
import { count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import { share } from '../cells.ts';
import type { StudyData } from '../data.ts';

/** How the critic's training data came about, and what each filter removed (method.md B). */
export function criticData({ critiques }: StudyData): Markup | null {
  if (!critiques) return null;
  const { total, byStrategy, agreement, right } = critiques;
  type Row = CritiqueCounts & { strategy: string };
  return html`
<section id="critic-data"><h2>The critic\u2019s data</h2>
<p>Paths that were sampled from scratch (RG1), continued after a correct prefix (RG2) or after a planted mistake (RG3), and right ones; their critiques, checked and then kept where enough refinements with their help are right.
Before anything was removed, the annotator\u2019s verdict agreed with the reference in ${shareOf(agreement.verdict)} and its first wrong step with what is known of the path in ${shareOf(agreement.location)}. Of the kept critiques, ${shareOf(right)} are of right paths.</p>
<div class="named many">${tabulate<Row>(
    'Paths and critiques by strategy',
    [
      { head: 'Strategy', cell: ({ strategy }) => strategy },
      { head: 'Paths', cell: ({ made }) => count(made) },
      { head: 'Flawed', cell: ({ flawed }) => count(flawed) },
      { head: 'Chosen', cell: ({ chosen }) => count(chosen) },
      { head: 'Critiques', cell: ({ annotated }) => count(annotated) },
      { head: 'Without a problem', cell: ({ passed }) => count(passed) },
      { head: 'Kept', cell: ({ kept }) => count(kept) },
      { head: 'Yield', cell: (row) => share(row.yield) },
      { head: 'Refinements right', cell: ({ meanSoft }) => (meanSoft === null ? NOTHING : percent(meanSoft)) },
    ],
    byStrategy,
    { strategy: 'All', ...total },
  )}</div>
${removed(critiques)}
</section>`;
}

const shareOf = ({ value, n }: CritiqueStatistics['right']) =>
  value === null ? NOTHING : `${percent(value)} of ${count(n)}`;

function removed({ removed }: CritiqueStatistics): Markup | null {
  if (removed.length === 0) return null;
  return html`<div class="named">${tabulate<CritiqueStatistics['removed'][number]>(
    'What each filter removed; every row is listed with its reason in the run\u2019s removed/',
    [
      { head: 'Stage', cell: ({ stage }) => stage },
      { head: 'Reason', words: true, cell: ({ reason }) => reason },
      { head: 'Rows', cell: (row) => count(row.count) },
      ...(['RG1', 'RG2', 'RG3', 'right'] as const).map((strategy) => ({
        head: strategy,
        cell: ({ byStrategy }: CritiqueStatistics['removed'][number]) => count(byStrategy[strategy]),
      })),
    ],
    removed,
  )}</div>`;
}
