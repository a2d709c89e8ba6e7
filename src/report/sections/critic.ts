import type { RunReport } from '../data.ts';
import { count, percent, proportion } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { type CritiqueGroup, critiqueGroups, total } from '../outcomes.ts';
import { NOTHING, tabulate } from '../tabulate.ts';

/** How far the critic's verdicts can be trusted, on correct and on wrong texts apart: one number would hide a critic that always agrees. */
export function critic(report: RunReport): Markup | null {
  const groups = critiqueGroups(report);
  if (groups.length === 0) return null;
  return html`
<section id="critic"><h2>Critic</h2>
<p>Share of its verdicts that agree with the reference, where they could be read. The critic is the same in every iteration; what it judges changes.</p>
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
</section>`;
}
