import { count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { isMeasured, mean } from '../../supervision/numbers.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import type { CritiquesReport } from '../data.ts';

/** How far the annotator can be trusted, and what its critiques are made of. */
export function agreement({ statistics }: CritiquesReport): Markup | null {
  const { agreement, mistakes, stepsPerCritique, right, total } = statistics;
  if (total.annotated === 0) return null;
  const shares = [
    { name: 'Verdict: as the oracle says', share: agreement.verdict },
    { name: 'First wrong step: where the path was made to go wrong', share: agreement.location },
    { name: 'Kept critiques of right paths', share: right },
  ];
  return html`
<section id="agreement"><h2>The annotator</h2>
<p>Agreement is counted over all critiques in the format, before any is removed for it. ${stepsPerCritique === null ? null : `A kept critique has ${stepsPerCritique.toFixed(1)} steps on average.`}</p>
${tabulate<(typeof shares)[number]>(
  'Agreement',
  [
    { head: 'What', cell: ({ name }) => name },
    { head: 'Share', cell: ({ share }) => (isMeasured(share) ? mean(share) : NOTHING) },
    { head: 'Of', cell: ({ share }) => count(share.n) },
  ],
  shares,
)}
${
  mistakes.length === 0
    ? null
    : tabulate<(typeof mistakes)[number]>(
        'Planted mistakes of kept critiques',
        [
          { head: 'Mistake', cell: ({ mistake }) => mistake },
          { head: 'Kept', cell: ({ kept }) => count(kept) },
          { head: 'Share', cell: ({ kept }) => percent(kept / mistakes.reduce((sum, it) => sum + it.kept, 0)) },
        ],
        mistakes,
      )
}
</section>`;
}
