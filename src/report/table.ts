import type { IterationReport, RunReport } from './data.ts';
import { count, loss, proportion } from './format.ts';
import { NOTHING } from './tabulate.ts';

/** The run so far as a Markdown table, for Temporal's current details and for a terminal. */
export function renderTable({ iterations, critic }: RunReport): string {
  const columns: [head: string, cell: (iteration: IterationReport) => string | undefined][] = [
    ['iteration', ({ iteration }) => String(iteration)],
    ['accuracy (95 % interval)', ({ evaluation }) => evaluation && proportion(evaluation.accuracy)],
    ...(critic === null
      ? []
      : [
          [
            'with critic',
            ({ evaluation }) => evaluation?.withCritic && proportion(evaluation.withCritic.accuracy),
          ] satisfies (typeof columns)[number],
        ]),
    [
      'accepted rows',
      ({ exploration }) =>
        exploration && count(exploration.accepted.withoutCritique + exploration.accepted.withCritique),
    ],
    ['training rows', ({ training }) => training && count(training.rows)],
    ['loss', ({ training }) => finalLoss(training?.losses)],
  ];
  const rows = [
    columns.map(([head]) => head),
    columns.map(() => '---:'),
    ...iterations.map((iteration) => columns.map(([, cell]) => cell(iteration) ?? NOTHING)),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`.replaceAll('\u00A0', ' ')).join('');
}

/** The loss of the last logged step. */
export const finalLoss = (losses: { loss: number }[] = []) =>
  losses.length > 0 ? loss(losses.at(-1)!.loss) : undefined;
