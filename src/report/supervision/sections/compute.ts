import { count, duration } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import type { SupervisionReport, SupervisionStage } from '../data.ts';
import { dollars } from '../numbers.ts';

/** Where time and tokens went. */
export function compute({ stages }: Pick<SupervisionReport, 'stages'>): Markup | null {
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
  all(stages),
)}
</section>`;
}

const all = (stages: SupervisionStage[]): SupervisionStage => {
  const sum = (of: 'generations' | 'seconds' | 'promptTokens' | 'completionTokens') =>
    stages.reduce((sum, stage) => sum + stage[of], 0);
  const costs = stages.flatMap(({ cost }) => (cost === null ? [] : [cost]));
  return {
    stage: 'All',
    generations: sum('generations'),
    seconds: sum('seconds'),
    promptTokens: sum('promptTokens'),
    completionTokens: sum('completionTokens'),
    cost: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
  };
};
