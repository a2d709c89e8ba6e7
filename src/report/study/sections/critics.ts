import type { Mean } from '../../../method/estimate.ts';
import type { ReviewSummary } from '../../../method/supervision/summary.ts';
import { CONFIDENCE } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import { gain, paperColumn, share } from '../cells.ts';
import type { StudyData } from '../data.ts';
import { ALONE, measureOf, reviewOf } from '../measures.ts';
import { type Published, TABLE_2 } from '../paper.ts';

interface Row {
  name: string;
  accuracy: Mean;
  review: ReviewSummary | null;
  paper: Published | null;
}

/** Critics compared on the greedy responses of one actor (method.md D3, Table 2). */
export function critics({ evidence }: StudyData): Markup | null {
  const { gate } = evidence;
  const alone = measureOf(evidence, 'sft', 'greedy', ALONE);
  const reviewed = (name: string, review: ReviewSummary | undefined, paper: Published | null): Row[] =>
    review ? [{ name, accuracy: review.after, review, paper }] : [];
  const rows: Row[] = [
    ...(alone ? [{ name: 'none', accuracy: alone.score, review: null, paper: TABLE_2.none }] : []),
    ...reviewed('the actor itself', reviewOf(evidence, 'sft', 'self', gate), null),
    ...reviewed('critic before its training', reviewOf(evidence, 'sft-base-critic', 'critic', gate), TABLE_2.untrained),
    ...reviewed('trained critic', reviewOf(evidence, 'sft', 'critic', gate), TABLE_2.trained),
  ];
  if (rows.length === 0) return null;
  const ofReview = (head: string, cell: (review: ReviewSummary) => string | Markup): Column<Row> => ({
    head,
    cell: ({ review }) => (review ? cell(review) : NOTHING),
  });
  return html`
<section id="critics"><h2>Critics compared</h2>
<p>The fine-tuned actor\u2019s greedy responses, reviewed by each (Table 2; gate ${gate}). Discriminability: share of verdicts that agree with the reference.
Helpfulness: share of refinements of wrong responses that are right. Intervals are ${CONFIDENCE} ones.
The paper\u2019s numbers are accuracy / discriminability / helpfulness; it has no critic before its training, GPT-3.5-Turbo stands there.</p>
<div class="named many">${tabulate<Row>(
    'Accuracy, discriminability and helpfulness by critic',
    [
      { head: 'Critic', cell: ({ name }) => name },
      { head: 'Accuracy', cell: ({ accuracy }) => share(accuracy) },
      ofReview('Difference to none', (review) => gain(review.difference)),
      ofReview('Discriminability', (review) => share(review.discriminability)),
      ofReview('On right ones', (review) => share(review.discriminabilityOnRight)),
      ofReview('On wrong ones', (review) => share(review.discriminabilityOnWrong)),
      ofReview('Without a verdict', (review) => share(review.unparsable)),
      ofReview('Helpfulness', (review) => share(review.helpfulness)),
      paperColumn(({ paper }) => paper),
    ],
    rows,
  )}</div>
</section>`;
}
