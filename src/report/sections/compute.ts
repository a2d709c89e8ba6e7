import type { RunReport, Stage, StageUse } from '../data.ts';
import { count, duration } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { NOTHING, tabulate } from '../tabulate.ts';

const STAGES: Stage[] = ['sample', 'critique', 'refine', 'select', 'fine-tune', 'critic-fine-tune', 'evaluate'];

/** Where time and tokens went. */
export function compute({ iterations }: RunReport): Markup | null {
  const all = iterations.flatMap(({ stages }) => stages);
  if (all.length === 0) return null;
  const used = STAGES.filter((stage) => all.some((use) => use.stage === stage));
  const seconds = (stages: StageUse[]) => {
    const sum = total(stages, 'seconds');
    return stages.length === 0 ? NOTHING : duration(sum);
  };
  return html`
<section id="compute"><h2>Compute</h2>
${tabulate<{ name: string | number; stages: StageUse[] }>(
  'Time by stage',
  [
    { head: 'Iteration', cell: ({ name }) => name },
    ...used.map((stage) => ({
      head: stage,
      cell: ({ stages }: { stages: StageUse[] }) => seconds(stages.filter((use) => use.stage === stage)),
    })),
    { head: 'All', cell: ({ stages }) => seconds(stages) },
  ],
  iterations.map(({ iteration, stages }) => ({ name: iteration, stages })),
  { name: 'All', stages: all },
)}
${tabulate<{ name: string; stages: StageUse[] }>(
  'Tokens by stage',
  [
    { head: 'Stage', cell: ({ name }) => name },
    { head: 'Prompt', cell: ({ stages }) => count(total(stages, 'promptTokens')) },
    { head: 'Completion', cell: ({ stages }) => count(total(stages, 'completionTokens')) },
    { head: 'Completion per second', cell: ({ stages }) => rate(stages) },
  ],
  used
    .map((stage) => ({ name: stage, stages: all.filter((use) => use.stage === stage) }))
    .filter(({ stages }) => total(stages, 'promptTokens') > 0),
  { name: 'All', stages: all.filter(({ promptTokens }) => promptTokens > 0) },
)}
</section>`;
}

const total = (stages: StageUse[], of: 'seconds' | 'promptTokens' | 'completionTokens') =>
  stages.reduce((sum, use) => sum + use[of], 0);

function rate(stages: StageUse[]): string {
  const seconds = total(stages, 'seconds');
  return seconds > 0 ? count(total(stages, 'completionTokens') / seconds) : NOTHING;
}
