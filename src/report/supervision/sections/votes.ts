import type { VoteSummary } from '../../../method/supervision/summary.ts';
import { capital, counted } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { tabulate } from '../../tabulate.ts';
import { type Frequencies, frequencyCurves } from '../charts/frequencies.ts';
import { key, lookOf } from '../charts/looks.ts';
import type { SupervisionReport } from '../data.ts';
import { conditionName } from '../names.ts';
import { mean } from '../numbers.ts';

/** Why voting helps: how often each question is answered right, and what the vote makes of it (method.md D8). */
export async function votes({ summary }: SupervisionReport): Promise<Markup | null> {
  const votes = summary.votes.filter(({ curve }) => curve.length > 0);
  if (votes.length === 0) return null;
  const reviewers = (['critic', 'self'] as const).filter((name) => votes.some(({ reviewer }) => reviewer === name));
  const figure = async (reviewer: VoteSummary['reviewer']) => {
    const lines = votes.filter((vote) => vote.reviewer === null || vote.reviewer === reviewer).map(line);
    return html`<figure>${key(lines, 'line')}${await frequencyCurves('Share of right samples of every question, sorted', lines)}</figure>`;
  };
  const figures = reviewers.length === 0 ? [figure(null)] : reviewers.map(figure);
  return html`
<section id="votes"><h2>Why voting helps</h2>
<p>Share of right answers among the ${counted(Math.max(...votes.map(({ k }) => k)), 'sample')} of each question, the easiest question first.
The vote is lost where wrong answers gather more votes than the right one; it can never be won where no sample is right.</p>
<div class="pair">${await Promise.all(figures)}</div>
<div class="named">${tabulate<VoteSummary>(
    'Frequency of right answers, and the vote',
    [
      { head: 'Answers', cell: (vote) => capital(conditionName(vote)) },
      { head: 'Samples', cell: ({ k }) => k },
      { head: 'Mean frequency of right answers', cell: ({ meanFrequency }) => mean(meanFrequency) },
      { head: 'Questions lost by the vote', cell: ({ lostByVote }) => mean(lostByVote) },
      { head: 'Questions without a right sample', cell: ({ neverSolved }) => mean(neverSolved) },
    ],
    votes,
  )}</div>
</section>`;
}

const line = (vote: VoteSummary): Frequencies => ({
  name: conditionName(vote),
  look: lookOf({ method: 'maj', reviewer: vote.reviewer, gate: vote.gate }),
  curve: vote.curve,
});
