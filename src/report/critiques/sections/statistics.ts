import type { CritiqueCounts } from '../../../method/critiques/statistics.ts';
import { count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { mean } from '../../supervision/numbers.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import type { CritiquesReport } from '../data.ts';
import { STRATEGY_WORDS } from '../words.ts';

type Named = CritiqueCounts & { name: string };

const COLUMNS: Column<Named>[] = [
  { head: 'Paths', cell: ({ name }) => name },
  { head: 'Made', cell: ({ made }) => count(made) },
  { head: 'Wrong', cell: ({ flawed }) => count(flawed) },
  { head: 'Chosen', cell: ({ chosen }) => count(chosen) },
  { head: 'Critiques', cell: ({ annotated }) => count(annotated) },
  { head: 'Passed checks', cell: ({ passed }) => count(passed) },
  { head: 'Kept', cell: ({ kept }) => count(kept) },
  { head: 'Yield', cell: (counts) => mean(counts.yield) },
  { head: 'Mean soft label', cell: ({ meanSoft }) => (meanSoft === null ? NOTHING : percent(meanSoft)) },
];

/** From paths to critiques that are kept, by how the path came about and by level. */
export function statistics({ statistics }: CritiquesReport): Markup | null {
  const { total, byStrategy, byLevel, byLevelAndStrategy } = statistics;
  if (total.made === 0) return null;
  const all = { name: 'All', ...total };
  const levelName = (level: number | null) => (level === null ? 'no level' : `level ${level}`);
  const tables = [
    tabulate<Named>(
      'By strategy',
      COLUMNS,
      byStrategy.map(({ strategy, ...counts }) => ({ name: STRATEGY_WORDS[strategy], ...counts })),
      all,
    ),
    ...(byLevel.length > 1
      ? [
          tabulate<Named>(
            'By level',
            COLUMNS,
            byLevel.map(({ level, ...counts }) => ({ name: levelName(level), ...counts })),
            all,
          ),
        ]
      : []),
  ];
  const both = byLevelAndStrategy.map(({ level, strategy, ...counts }) => ({
    name: `${levelName(level)}, ${strategy}`,
    ...counts,
  }));
  return html`
<section id="statistics"><h2>From paths to critiques</h2>
<p>Yield: kept of all critiques that the annotator was asked for, with its 95 % interval. Soft label: the share of refinements with a critique that are right.</p>
${tables}
${byLevel.length > 1 ? html`<details><summary>by level and strategy</summary>${tabulate<Named>('By level and strategy', COLUMNS, both)}</details>` : null}
</section>`;
}
