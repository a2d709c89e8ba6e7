import { SMALL } from '../charts/draw.ts';
import { lossChart } from '../charts/loss.ts';
import type { IterationReport, RunReport, TrainingReport } from '../data.ts';
import { count, duration } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { finalLoss } from '../table.ts';
import { type Column, NOTHING, tabulate } from '../tabulate.ts';

type Trained = IterationReport & { training: TrainingReport };

/** What each checkpoint was trained on, and its loss. Every iteration starts from the base again. */
export async function training({ iterations }: RunReport): Promise<Markup | null> {
  const trained = iterations.filter((iteration): iteration is Trained => iteration.training !== undefined);
  if (trained.length === 0) return null;
  const curved = trained.filter(({ training }) => training.losses.length > 0);
  const all = curved.flatMap(({ training }) => training.losses.map(({ loss }) => loss));
  const domain: [number, number] = [Math.min(...all), Math.max(...all)];
  const panel = async ({ iteration, training }: Trained) => {
    const chart = await lossChart(`Iteration ${iteration}`, training, SMALL, domain);
    return html`<figure><figcaption>Iteration ${iteration}</figcaption>${chart}</figure>`;
  };
  const kinds = [...new Set(trained.flatMap(({ training }) => training.byKind.map(({ kind }) => kind)))];
  const ofKind = (kind: string): Column<Trained> => ({
    head: kind,
    cell: ({ training }) => count(training.byKind.find((row) => row.kind === kind)?.rows ?? 0),
  });
  return html`
<section id="training"><h2>Training</h2>
${
  curved.length === 0
    ? html`<p>No losses were logged.</p>`
    : html`<p>Loss by training step; every iteration starts from the base again.</p>
<div class="panels">${await Promise.all(curved.map(panel))}</div>`
}
${tabulate<Trained>(
  'Fine-tunes, with their rows by kind',
  [
    { head: 'Iteration', cell: ({ iteration }) => iteration },
    { head: 'Rows', cell: ({ training }) => count(training.rows) },
    ...kinds.map(ofKind),
    { head: 'Steps', cell: ({ training }) => count(training.steps) },
    { head: 'Time', cell: ({ training }) => duration(training.seconds) },
    { head: 'Last loss', cell: ({ training }) => finalLoss(training.losses) ?? NOTHING },
  ],
  trained,
)}
</section>`;
}
