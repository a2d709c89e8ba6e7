import type { Reviewer } from '../../../method/supervision/scored.ts';
import type { ReviewSummary } from '../../../method/supervision/summary.ts';
import { capital, count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { tabulate } from '../../tabulate.ts';
import { KINDS, transitionBars } from '../charts/transitions.ts';
import type { SupervisionReport } from '../data.ts';
import { conditionName } from '../names.ts';
import { difference, mean } from '../numbers.ts';

/** What a review turns responses into: repaired and broken ones, beside those that stay as they were. */
export async function transitions({ summary }: SupervisionReport): Promise<Markup | null> {
  const reviews = summary.reviews.filter(({ transitions }) => all(transitions) > 0);
  if (reviews.length === 0) return null;
  const reviewers = (['critic', 'self'] as const).filter((name) => reviews.some(({ reviewer }) => reviewer === name));
  const figure = async (name: Reviewer) => {
    const ofReviewer = reviews.filter(({ reviewer }) => reviewer === name);
    const bars = ofReviewer.map((review) => ({ name: reviewName(review), transitions: review.transitions }));
    return html`<figure>${await transitionBars(bars)}</figure>`;
  };
  return html`
<section id="transitions"><h2>Repaired and broken</h2>
<p>From the response to the answer in the end, counted by response: ${KINDS.map(({ sign, words }) => `${sign} ${words}`).join(', ')}. Accuracy before and after is a mean over questions.</p>
<div class="pair">${await Promise.all(reviewers.map(figure))}</div>
<div class="named">${tabulate<ReviewSummary>(
    'Responses by what a review made of them',
    [
      { head: 'Reviewer', cell: reviewName },
      ...KINDS.map(({ kind, sign, words }) => ({
        head: `${capital(words)} ${sign}`,
        cell: ({ transitions }: ReviewSummary) =>
          `${count(transitions[kind])} (${percent(transitions[kind] / all(transitions))})`,
      })),
      {
        head: 'Net',
        cell: ({ transitions: { i2c, c2i } }) =>
          `${i2c > c2i ? '+' : i2c < c2i ? '\u2212' : ''}${count(Math.abs(i2c - c2i))}`,
      },
      { head: 'Accuracy before', cell: ({ before }) => mean(before) },
      { head: 'Accuracy after', cell: ({ after }) => mean(after) },
      { head: 'Difference', cell: (review) => difference(review.difference) },
    ],
    reviews,
  )}</div>
</section>`;
}

export const reviewName = (review: Pick<ReviewSummary, 'reviewer' | 'gate' | 'on'>) =>
  `${capital(conditionName(review))}, ${review.on}`;

const all = ({ c2c, c2i, i2c, i2i }: ReviewSummary['transitions']) => c2c + c2i + i2c + i2i;
