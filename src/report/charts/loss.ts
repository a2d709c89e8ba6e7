import type { TrainingReport } from '../data.ts';
import { loss } from '../format.ts';
import { draw, type Size } from './draw.ts';

/** More points than the eye tells apart only make the file larger. */
const MOST_POINTS = 300;

/** The loss of one fine-tune by step. `domain`: of the vertical axis, shared by the fine-tunes that are compared. */
export function lossChart(name: string, { losses }: TrainingReport, size: Size, domain: [number, number]) {
  const every = Math.ceil(losses.length / MOST_POINTS);
  const values = losses.filter((_, i) => i % every === 0 || i === losses.length - 1);
  const last = losses.at(-1)!;
  return draw(
    {
      data: { values },
      mark: { type: 'line', strokeWidth: 1.75, color: 'var(--without)', point: values.length === 1 },
      encoding: {
        x: {
          field: 'step',
          type: 'quantitative',
          axis: { title: 'step', labelExpr: "format(datum.value, '~s')", tickCount: 2, tickMinStep: 1 },
        },
        y: { field: 'loss', type: 'quantitative', scale: { domain, nice: true, zero: false }, axis: { title: null } },
      },
    },
    size,
    `${name}, loss by training step: from ${loss(losses[0]!.loss)} to ${loss(last.loss)} in ${last.step} steps.`,
  );
}
