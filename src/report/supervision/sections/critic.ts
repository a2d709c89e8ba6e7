import type { ReviewSummary } from '../../../method/supervision/summary.ts';
import { count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { tabulate } from '../../tabulate.ts';
import type { SupervisionReport } from '../data.ts';
import { meanOf } from '../numbers.ts';
import { reviewName } from './transitions.ts';

/** How far the verdicts of each reviewer can be trusted, and what its critiques are good for (method.md D1). */
export function critic({ summary }: SupervisionReport): Markup | null {
  const reviews = summary.reviews.filter(({ critiques }) => critiques > 0);
  if (reviews.length === 0) return null;
  return html`
<section id="critic"><h2>Critiques</h2>
<p>Discriminability: share of verdicts that agree with the reference, where they could be read; strict counts the others as mistakes.
A reviewer that always agrees is right on all right responses and on no wrong one, so both are given.
Helpfulness: share of refinements of wrong responses that are right. First wrong step: share of critiques of wrong responses that name it, where it is known.</p>
<div class="many named">${tabulate<ReviewSummary>(
    'Critiques by reviewer, gate and what is reviewed',
    [
      { head: 'Reviewer', cell: reviewName },
      { head: 'Critiques', cell: ({ critiques }) => count(critiques) },
      { head: 'Discriminability', cell: ({ discriminability }) => meanOf(discriminability) },
      { head: 'On right ones', cell: ({ discriminabilityOnRight }) => meanOf(discriminabilityOnRight) },
      { head: 'On wrong ones', cell: ({ discriminabilityOnWrong }) => meanOf(discriminabilityOnWrong) },
      { head: 'Strict', cell: ({ strictDiscriminability }) => meanOf(strictDiscriminability) },
      { head: 'Without a verdict', cell: ({ unparsable }) => meanOf(unparsable) },
      { head: 'Helpfulness', cell: ({ helpfulness }) => meanOf(helpfulness) },
      { head: 'First wrong step', cell: ({ firstWrongStep }) => meanOf(firstWrongStep) },
    ],
    reviews,
  )}</div>
</section>`;
}
