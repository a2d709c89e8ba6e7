import type { Outcomes, RunReport } from '../data.ts';
import { capital, count, percent } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { isNotable, type TextGroup, textGroups, total, UNJUDGED } from '../outcomes.ts';
import { type Column, tabulate } from '../tabulate.ts';

/** How the texts of every iteration ended. */
export const outcomes = (report: RunReport): Markup | null =>
  outcomeSection<TextGroup>([{ head: 'Iteration', cell: ({ iteration }) => iteration }], textGroups(report));

/** How texts ended: what was judged, and what never got that far. `lead`: columns that tell the groups apart, besides their name. */
export function outcomeSection<Group extends { texts: string; outcomes: Outcomes }>(
  lead: Column<Group>[],
  groups: Group[],
): Markup | null {
  if (groups.length === 0) return null;
  return html`
<section id="outcomes"><h2>How texts ended</h2>
<p>Unparsed: no answer could be read. Truncated: cut off before an answer. Ungraded: the grader failed, which says nothing about the text.</p>
${tabulate<Group>(
  'Texts by outcome; above 5 % marked',
  [
    ...lead,
    { head: 'Texts', words: true, cell: ({ texts }) => texts },
    { head: 'All', cell: ({ outcomes }) => count(total(outcomes)) },
    { head: 'Correct', cell: ({ outcomes }) => count(outcomes.correct) },
    { head: 'Wrong', cell: ({ outcomes }) => count(outcomes.wrong) },
    ...UNJUDGED.map((outcome) => ({
      head: capital(outcome),
      cell: ({ outcomes }: { outcomes: Outcomes }) => {
        const of = total(outcomes);
        const n = outcomes[outcome];
        return isNotable(n, of)
          ? html`<strong class="notable">\u26A0\uFE0E ${count(n)} (${percent(n / of)})</strong>`
          : count(n);
      },
    })),
  ],
  groups,
)}
</section>`;
}
