import type { EvaluationName } from '../../../method/study/evidence.ts';
import type { VoteSummary } from '../../../method/supervision/summary.ts';
import { capital } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Frequencies, frequencyCurves } from '../../supervision/charts/frequencies.ts';
import { key, lookOf } from '../../supervision/charts/looks.ts';
import { conditionName } from '../../supervision/names.ts';
import { tabulate } from '../../tabulate.ts';
import { paperColumn, share } from '../cells.ts';
import type { StudyData } from '../data.ts';
import { TRAININGS } from '../names.ts';
import { VOTES } from '../paper.ts';

type Row = VoteSummary & { name: EvaluationName };

/** Why voting improves (method.md D8): how often right answers come, and what the vote loses. */
export async function votes({ evidence: { evaluations, gate } }: StudyData): Promise<Markup | null> {
  const rows = (['sft', 'vanilla', 'loop'] as const).flatMap((name): Row[] =>
    (evaluations[name]?.summary.votes ?? [])
      .filter(
        (vote) =>
          vote.curve.length > 0 && (vote.reviewer === null || (vote.reviewer === 'critic' && vote.gate === gate)),
      )
      .map((vote) => ({ ...vote, name })),
  );
  if (rows.length === 0) return null;
  const lines = rows
    .filter(({ name }) => name === 'sft')
    .map(
      (vote): Frequencies => ({
        name: conditionName(vote),
        look: lookOf({ method: 'maj', reviewer: vote.reviewer, gate: vote.gate }),
        curve: vote.curve,
      }),
    );
  const paper = ({ name, reviewer }: Row) => (name === 'sft' ? VOTES[reviewer === null ? 'alone' : 'reviewed'] : null);
  return html`
<section id="votes"><h2>Why voting improves</h2>
<div class="beside">${lines.length === 0 ? null : html`<figure>${key(lines, 'line')}${await frequencyCurves('Share of right samples of every question, sorted', lines)}</figure>`}
<p>Share of right answers among the samples of each question, the easiest question first, and what becomes of the vote: it is lost where wrong answers gather more votes, and cannot be won where no sample is right.
The paper\u2019s numbers are right samples / lost by the vote / without a right sample, in per cent.</p></div>
<div class="named">${tabulate<Row>(
    'Frequency of right answers, and the vote',
    [
      { head: 'Actor', cell: ({ name }) => capital(TRAININGS[name]) },
      { head: 'Answers', words: true, cell: (row) => conditionName(row) },
      { head: 'Samples', cell: ({ k }) => k },
      { head: 'Right samples', cell: ({ meanFrequency }) => share(meanFrequency) },
      { head: 'Lost by the vote', cell: ({ lostByVote }) => share(lostByVote) },
      { head: 'Without a right sample', cell: ({ neverSolved }) => share(neverSolved) },
      paperColumn(paper),
    ],
    rows,
  )}</div>
</section>`;
}
