import type { Level } from '../../method/rows.ts';
import { accuracyChart } from '../charts/accuracy.ts';
import { SMALL } from '../charts/draw.ts';
import { legend } from '../charts/legend.ts';
import type { RunReport } from '../data.ts';
import { percent } from '../format.ts';
import { isEvaluated } from '../headline.ts';
import { html, type Markup } from '../markup.ts';
import { type Column, NOTHING, tabulate } from '../tabulate.ts';

/** Accuracy on the test set by level of difficulty, one panel a level. */
export async function levels({ iterations, critic }: RunReport): Promise<Markup | null> {
  const evaluated = iterations.filter(isEvaluated);
  const present = [
    ...new Set(evaluated.flatMap(({ evaluation }) => evaluation.byLevel.map(({ level }) => level))),
  ].sort();
  if (present.length === 0) return null;

  const panel = async (level: Level) => {
    const points = evaluated.flatMap(({ iteration, evaluation }) =>
      evaluation.byLevel.filter((row) => row.level === level).map((row) => ({ ...row, iteration })),
    );
    const chart = await accuracyChart(`Accuracy at level ${level}`, points, SMALL, [0, 1]);
    return html`<figure><figcaption>Level ${level}, ${points.at(-1)!.accuracy.n} questions</figcaption>${chart}</figure>`;
  };
  type Row = (typeof evaluated)[number];
  const column = (level: Level): Column<Row> => ({
    head: `Level ${level}`,
    cell: ({ evaluation }) => {
      const row = evaluation.byLevel.find((row) => row.level === level);
      if (!row) return NOTHING;
      const { accuracy, accuracyWithCritic } = row;
      return percent(accuracy.value) + (accuracyWithCritic ? ` \u2192 ${percent(accuracyWithCritic.value)}` : '');
    },
  });
  return html`
<section id="levels"><h2>Accuracy by level</h2>
${legend('response only', critic === null ? null : 'with critic')}
<div class="panels">${await Promise.all(present.map(panel))}</div>
${tabulate<Row>(
  critic === null ? 'Accuracy by level' : 'Accuracy by level, response only \u2192 with critic',
  [{ head: 'Iteration', cell: ({ iteration }) => iteration }, ...present.map(column)],
  evaluated,
)}
</section>`;
}
