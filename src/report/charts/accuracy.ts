import type { Proportion } from '../data.ts';
import { CONFIDENCE, proportion } from '../format.ts';
import type { Markup } from '../markup.ts';
import { draw, iterationAxis, SERIES, type Size } from './draw.ts';
import { around, SHARE_AXIS } from './shares.ts';

/** The accuracies of one iteration. */
export interface AccuracyPoint {
  iteration: number;
  accuracy: Proportion;
  accuracyWithCritic?: Proportion;
}

/** How far the two series stand apart, as a share of the axis, so that their intervals don't cover each other. */
const APART = 0.04;

/** Accuracy by iteration with its intervals, response only and with critic. `domain`: of the vertical axis; fitted to the data without. */
export function accuracyChart(
  name: string,
  points: AccuracyPoint[],
  size: Size,
  domain?: [number, number],
): Promise<Markup> {
  const iterations = points.map((point) => point.iteration);
  const first = Math.min(...iterations);
  const last = Math.max(...iterations);
  const apart = APART * Math.max(1, last - first);
  const margin = 0.1 + apart;
  const values = points.flatMap(({ iteration, accuracy, accuracyWithCritic }) => {
    const shift = accuracyWithCritic ? apart / 2 : 0;
    return [
      { series: 'without', x: iteration - shift, ...accuracy },
      ...(accuracyWithCritic ? [{ series: 'with', x: iteration + shift, ...accuracyWithCritic }] : []),
    ];
  });
  const scale = { domain: Object.keys(SERIES), range: Object.values(SERIES).map(({ colour }) => colour) };
  const shapes = { domain: Object.keys(SERIES), range: Object.values(SERIES).map(({ shape }) => shape) };
  return draw(
    {
      data: { values },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          scale: { domain: [first - margin, last + margin], nice: false, zero: false },
          axis: iterationAxis(iterations),
        },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: {
            domain:
              domain ??
              around(points.flatMap(({ accuracy, accuracyWithCritic }) => [accuracy, accuracyWithCritic ?? accuracy])),
          },
          axis: SHARE_AXIS,
        },
        color: { field: 'series', scale, legend: null },
      },
      layer: [
        { mark: { type: 'line', strokeWidth: 2 } },
        { mark: { type: 'rule', strokeWidth: 1.5 }, encoding: { y: { field: 'low' }, y2: { field: 'high' } } },
        {
          mark: { type: 'point', filled: true, opacity: 1, size: 70 },
          encoding: { shape: { field: 'series', scale: shapes, legend: null } },
        },
      ],
    },
    size,
    describe(name, points),
  );
}

function describe(name: string, points: AccuracyPoint[]): string {
  const said = points.map(
    ({ iteration, accuracy, accuracyWithCritic }) =>
      `iteration ${iteration} ${proportion(accuracy)}` +
      (accuracyWithCritic ? `, with critic ${proportion(accuracyWithCritic)}` : ''),
  );
  return `${name}, with ${CONFIDENCE} intervals: ${said.join('; ')}.`;
}
