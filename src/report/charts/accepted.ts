import type { Accepted } from '../data.ts';
import { count } from '../format.ts';
import { draw, iterationAxis, SERIES, type Size } from './draw.ts';

/** Rows accepted by iteration: without critique below, with critique on top. `most`: where the vertical axis ends, for panels that are compared. */
export function acceptedChart(
  name: string,
  points: { iteration: number; accepted: Accepted }[],
  size: Size,
  most?: number,
) {
  const values = points
    .flatMap(({ iteration, accepted }) => [
      { iteration, series: 'without', rows: accepted.withoutCritique, order: 0 },
      { iteration, series: 'with', rows: accepted.withCritique, order: 1 },
    ])
    .filter(({ rows }) => rows > 0);
  const scale = { domain: Object.keys(SERIES), range: Object.values(SERIES).map(({ colour }) => colour) };
  return draw(
    {
      data: { values },
      mark: { type: 'bar', width: { band: 0.6 }, stroke: 'var(--page)', strokeWidth: 1 },
      encoding: {
        x: { field: 'iteration', type: 'ordinal', axis: iterationAxis(points.map((point) => point.iteration)) },
        y: {
          field: 'rows',
          type: 'quantitative',
          stack: true,
          axis: { labelExpr: "format(datum.value, '~s')", tickMinStep: 1, title: null },
          ...(most === undefined ? {} : { scale: { domain: [0, most], nice: true } }),
        },
        color: { field: 'series', scale, legend: null },
        order: { field: 'order' },
      },
    },
    size,
    describe(name, points),
  );
}

function describe(name: string, points: { iteration: number; accepted: Accepted }[]): string {
  const helped = points.some(({ accepted }) => accepted.withCritique > 0);
  const said = points.map(
    ({ iteration, accepted }) =>
      `iteration ${iteration} ${count(accepted.withoutCritique)}` +
      (helped ? ` without and ${count(accepted.withCritique)} with critique` : ''),
  );
  return `${name}: ${said.join('; ')}.`;
}
