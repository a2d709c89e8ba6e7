import type { Measure } from '../../../method/supervision/summary.ts';
import { CONFIDENCE, capital, count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, tabulate } from '../../tabulate.ts';
import type { SupervisionReport } from '../data.ts';
import { GATES, strategyName } from '../names.ts';
import { difference, dollars, few, mean, p, tokens } from '../numbers.ts';
import { differenceTo, headlineMeasures } from '../strategies.ts';

/** The few strategies that sum the run up, with what they gain and what they cost. */
export function strategies({ summary, plan }: SupervisionReport): Markup | null {
  const rows = headlineMeasures(summary, plan.reviewed);
  if (rows.length === 0) return null;
  const gates = plan.gates.filter((gate) => rows.some((row) => row.gate === gate));
  const cost: Column<Measure>[] = rows.some(({ use }) => use.cost !== null)
    ? [{ head: 'Cost of 1,000', cell: ({ use }) => dollars(use.cost === null ? null : 1000 * use.cost) }]
    : [];
  const some: Column<Measure>[] = rows.some(({ score }) => score.n !== summary.questions)
    ? [{ head: 'Questions', cell: ({ score }) => count(score.n) }]
    : [];
  return html`
<section id="strategies"><h2>Accuracy and cost</h2>
<p>Intervals are ${CONFIDENCE} ones. Differences are in percentage points, paired by question, to the same method with as many samples and response only.
Generations, tokens (read and written) and time are means per question.
${gates.map((gate) => `Gate ${gate}: ${GATES[gate]}.`).join(' ')}</p>
<div class="named">${tabulate<Measure>(
    'Strategies at their largest number of samples or rounds',
    [
      { head: 'Strategy', cell: (measure) => capital(strategyName(measure)) },
      ...some,
      { head: 'Accuracy', cell: ({ score }) => mean(score) },
      { head: 'Difference to response only', cell: (measure) => difference(differenceTo(summary, measure)) },
      {
        head: 'p',
        cell: (measure) =>
          p(differenceTo(summary, measure))
            .replace(/^p (= )?/, '')
            .replace(' ', '\u00A0'),
      },
      { head: 'Generations', cell: ({ use }) => few(use.generations) },
      { head: 'Tokens', cell: ({ use }) => few(tokens(use)) },
      { head: 'Seconds', cell: ({ use }) => few(use.seconds) },
      ...cost,
    ],
    rows,
  )}</div>
</section>`;
}
