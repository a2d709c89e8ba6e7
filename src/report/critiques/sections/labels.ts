import { counted } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { softLabelChart } from '../charts/soft-labels.ts';
import type { CritiquesReport } from '../data.ts';

/** What refinements say about the critiques. */
export async function labels({ statistics: { softLabels }, filter }: CritiquesReport): Promise<Markup | null> {
  const all = softLabels.reduce((sum, n) => sum + n, 0);
  if (!filter || all === 0) return null;
  return html`
<section id="labels"><h2>Soft labels</h2>
<div class="beside"><figure>${await softLabelChart(softLabels, filter.keep)}</figure>
<p>${counted(all, 'critique')} that passed the checks, by how many of ${counted(filter.refinements, 'refinement')} with them are right. Those with at least ${filter.keep} are kept, and drawn in the stronger colour.</p></div>
</section>`;
}
