import { accuracyChart } from '../charts/accuracy.ts';
import { WIDE } from '../charts/draw.ts';
import { legend } from '../charts/legend.ts';
import type { RunReport } from '../data.ts';
import { CONFIDENCE, count, paired, proportion } from '../format.ts';
import { isEvaluated } from '../headline.ts';
import { html, type Markup } from '../markup.ts';
import { type Column, NOTHING, tabulate } from '../tabulate.ts';

/** Accuracy on the test set by iteration, as a chart and a table. */
export async function accuracy({ iterations, critic }: RunReport): Promise<Markup | null> {
  const evaluated = iterations.filter(isEvaluated);
  if (evaluated.length === 0) return null;
  const points = evaluated.map(({ iteration, evaluation: { accuracy, withCritic } }) => ({
    iteration,
    accuracy,
    ...(withCritic ? { accuracyWithCritic: withCritic.accuracy } : {}),
  }));
  type Row = (typeof evaluated)[number];
  const ofCritic: Column<Row>[] = [
    {
      head: 'With critic',
      cell: ({ evaluation }) => (evaluation.withCritic ? proportion(evaluation.withCritic.accuracy) : NOTHING),
    },
    {
      head: 'Gain by critic',
      cell: ({ evaluation }) => (evaluation.withCritic ? paired(evaluation.withCritic.gain) : NOTHING),
    },
  ];
  const table = tabulate<Row>(
    'Accuracy on the test set by iteration',
    [
      { head: 'Iteration', cell: ({ iteration }) => iteration },
      { head: 'Questions', cell: ({ evaluation }) => count(evaluation.accuracy.n) },
      { head: 'Response only', cell: ({ evaluation }) => proportion(evaluation.accuracy) },
      {
        head: 'Gain over iteration 0',
        cell: ({ evaluation }) => (evaluation.gain ? paired(evaluation.gain) : NOTHING),
      },
      ...(critic === null ? [] : ofCritic),
    ],
    evaluated,
  );
  return html`
<section id="accuracy"><h2>Accuracy</h2>
<div class="beside">
<figure>
${legend('response only', critic === null ? null : 'with critic')}
${await accuracyChart('Accuracy on the test set', points, WIDE)}
</figure>
<p>Share of the test questions that the checkpoint of each iteration answers correctly, decoded greedily.
Vertical bars and brackets are ${CONFIDENCE} intervals; gains are in percentage points, paired by question.
${critic === null ? null : 'With critic: the response is critiqued and refined where the gate lets it, and the last text counts.'}</p>
</div>
${table}
</section>`;
}
