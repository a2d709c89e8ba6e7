import { count, duration } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import type { SupervisionReport, SupervisionStage } from '../data.ts';
import { dollars } from '../numbers.ts';

/** Where time and tokens went. */
export function compute({ stages }: SupervisionReport): Markup | null {
  if (stages.length === 0) return null;
  const priced: Column<SupervisionStage>[] = stages.some(({ cost }) => cost !== null)
    ? [{ head: 'Cost', cell: ({ cost }) => dollars(cost) }]
    : [];
  return html`
<section id="compute"><h2>Compute</h2>
${tabulate<SupervisionStage>(
  'Time and tokens by stage',
  [
    { head: 'Stage', cell: ({ stage }) => stage },
    { head: 'Generations', cell: ({ generations }) => count(generations) },
    { head: 'Time', cell: ({ seconds }) => duration(seconds) },
    { head: 'Tokens read', cell: ({ promptTokens }) => count(promptTokens) },
    { head: 'Tokens written', cell: ({ completionTokens }) => count(completionTokens) },
    {
      head: 'Written per second',
      cell: ({ seconds, completionTokens }) => (seconds > 0 ? count(completionTokens / seconds) : NOTHING),
    },
    ...priced,
  ],
  stages,
  stages.reduce(sum),
)}
</section>`;
}

const sum = (a: SupervisionStage, b: SupervisionStage): SupervisionStage => ({
  stage: 'All',
  generations: a.generations + b.generations,
  seconds: a.seconds + b.seconds,
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
  cost: a.cost === null && b.cost === null ? null : (a.cost ?? 0) + (b.cost ?? 0),
});
