import type { RunReport } from '../data.ts';
import { count, duration, percent, proportion } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { type CritiqueGroup, critiqueGroups, total } from '../outcomes.ts';
import { finalLoss } from '../table.ts';
import { type Column, NOTHING, tabulate } from '../tabulate.ts';

/** How far the critic's verdicts can be trusted, on correct and on wrong texts apart: one number would hide a critic that always agrees. */
export function critic(report: RunReport): Markup | null {
  const groups = critiqueGroups(report);
  if (groups.length === 0) return null;
  return html`
<section id="critic"><h2>Critic</h2>
<p>Share of its verdicts that agree with the reference, where they could be read. ${
    report.iterations.some(({ critic }) => critic)
      ? 'The critic is retrained after each exploration: it judges the test responses of its iteration and explores in the next.'
      : 'The critic is the same in every iteration; what it judges changes.'
  }
A critique of a training response helped where the refinement is right and the response was not: such critiques are kept to train a critic on.</p>
${tabulate<CritiqueGroup>(
  'The critic\u2019s verdicts',
  [
    { head: 'Iteration', cell: ({ iteration }) => iteration },
    { head: 'Judged', words: true, cell: ({ judged }) => judged },
    { head: 'Critiques', cell: ({ report }) => count(total(report.verdicts)) },
    {
      head: 'Right on correct ones',
      cell: ({ report }) => (report.onCorrect ? proportion(report.onCorrect) : NOTHING),
    },
    { head: 'Right on wrong ones', cell: ({ report }) => (report.onWrong ? proportion(report.onWrong) : NOTHING) },
    {
      head: 'Verdict unparsed',
      cell: ({ report }) =>
        `${count(report.verdicts.unparsed)} (${percent(report.verdicts.unparsed / total(report.verdicts))})`,
    },
  ],
  groups,
)}
${learnt(report)}
</section>`;
}

/** What it could learn from its own successes, and what it was retrained on. */
function learnt({ iterations }: RunReport): Markup | null {
  const rows = iterations.flatMap(({ iteration, exploration, critic }) =>
    exploration?.criticData ? [{ iteration, ...exploration.criticData, training: critic?.training }] : [],
  );
  if (rows.length === 0) return null;
  type Row = (typeof rows)[number];
  const retrained: Column<Row>[] = [
    { head: 'Rows retrained on', cell: ({ training }) => (training ? count(training.rows) : NOTHING) },
    { head: 'Steps', cell: ({ training }) => (training ? count(training.steps) : NOTHING) },
    { head: 'Time', cell: ({ training }) => (training ? duration(training.seconds) : NOTHING) },
    { head: 'Last loss', cell: ({ training }) => (training && finalLoss(training.losses)) ?? NOTHING },
  ];
  return html`
${tabulate<Row>(
  'Critiques that helped',
  [
    { head: 'Iteration', cell: ({ iteration }) => iteration },
    { head: 'Kept', cell: ({ rows }) => count(rows) },
    { head: 'Duplicates', cell: ({ duplicates }) => count(duplicates) },
    { head: 'Without calling the response wrong', cell: ({ contradicting }) => count(contradicting) },
    ...(rows.some(({ training }) => training) ? retrained : []),
  ],
  rows,
)}`;
}
