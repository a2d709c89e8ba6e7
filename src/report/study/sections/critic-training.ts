import type { CriticQuality } from '../../../method/supervision/critic-quality.ts';
import { count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { difference, p } from '../../supervision/numbers.ts';
import { tabulate } from '../../tabulate.ts';
import { share } from '../cells.ts';
import type { StudyData } from '../data.ts';

type Row = CriticQuality & { name: string };

/** The critic before and after its training, on held-out questions. */
export function criticTraining({ evidence: { criticTraining } }: StudyData): Markup | null {
  if (!criticTraining) return null;
  const { candidate, against, difference: of } = criticTraining;
  const rows = [
    { name: `before: ${against.model}`, critic: against.critic },
    { name: `after: ${candidate.model}`, critic: candidate.critic },
  ].flatMap(({ name, critic }): Row[] => (critic ? [{ name, ...critic }] : []));
  return html`
<section id="critic-training"><h2>The critic\u2019s training</h2>
<p>The critic that was trained on this study\u2019s critiques alone, beside what it was trained from, on responses to questions that neither saw.
Verdicts that agree, after minus before, a critique without a verdict counted as one that does not: ${difference(of)} percentage points, ${p(of)}, on ${count(of.n)} questions.</p>
<div class="named many">${tabulate<Row>(
    'The critic before and after its training',
    [
      { head: 'Critic', cell: ({ name }) => html`<span class="uri">${name}</span>` },
      { head: 'Critiques', cell: ({ critiques }) => count(critiques) },
      { head: 'Discriminability', cell: ({ discriminability }) => share(discriminability) },
      { head: 'On right ones', cell: ({ discriminabilityOnRight }) => share(discriminabilityOnRight) },
      { head: 'On wrong ones', cell: ({ discriminabilityOnWrong }) => share(discriminabilityOnWrong) },
      { head: 'Without a verdict', cell: ({ unparsable }) => share(unparsable) },
      { head: 'Helpfulness', cell: ({ helpfulness }) => share(helpfulness) },
    ],
    rows,
  )}</div>
</section>`;
}
