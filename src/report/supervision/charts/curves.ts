import { draw, type Size } from '../../charts/draw.ts';
import { SHARE_AXIS } from '../../charts/shares.ts';
import { CONFIDENCE, proportion } from '../../format.ts';
import type { Markup } from '../../markup.ts';
import { few } from '../numbers.ts';
import { type Look, scales } from './looks.ts';

/** One line, with its band. */
export interface Curve {
  name: string;
  look: Look;
  points: { x: number; value: number; low: number; high: number }[];
}

/** Logarithmic, to the base of 2 where it counts texts and of 10 where it counts tokens. */
export interface Axis {
  title: string;
  base: 2 | 10;
}

/** Two to a row. */
export const HALF: Size = { width: 430, height: 280 };

/** Room left and right of the outermost points, as a share of the axis. */
const MARGIN = 0.04;

/** Accuracy against what it takes. */
export function curves(name: string, x: Axis, lines: Curve[], domain: [number, number]): Promise<Markup> {
  const values = lines.flatMap(({ name, points }) =>
    points.map((point) => ({ series: name, alone: points.length === 1, ...point })),
  );
  const { color, dash, shape } = scales(lines);
  const across = values.map(({ x }) => x);
  const [first, last] = [Math.min(...across), Math.max(...across)];
  const margin = Math.max(last / first, 1.5) ** MARGIN;
  return draw(
    {
      data: { values },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          scale: { type: 'log', base: x.base, domain: [first / margin, last * margin], nice: false },
          axis: {
            title: x.title,
            values: ticks(first, last, x.base),
            labelExpr: x.base === 2 ? "format(datum.value, 'd')" : "format(datum.value, '~s')",
            labelOverlap: true,
          },
        },
        y: { field: 'value', type: 'quantitative', scale: { domain, zero: false }, axis: SHARE_AXIS },
        color,
      },
      layer: [
        {
          mark: { type: 'area', opacity: 0.12 },
          encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
        },
        { mark: { type: 'line', strokeWidth: 2 }, encoding: { strokeDash: dash } },
        {
          transform: [{ filter: 'datum.alone' }],
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, opacity: 1, size: 50 }, encoding: { shape } },
      ],
    },
    HALF,
    describe(name, x.title, lines),
  );
}

/** Powers of 2; 1, 2 and 5 times powers of 10. */
function ticks(first: number, last: number, base: 2 | 10): number[] {
  const steps = base === 2 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: 40 }, (_, power) => base ** power);
  return powers
    .flatMap((power) => steps.map((step) => step * power))
    .filter((tick) => tick >= first * 0.99 && tick <= last * 1.01);
}

function describe(name: string, title: string, lines: Curve[]): string {
  const said = lines.map(
    ({ name, points }) => `${name}: ${points.map((point) => `at ${few(point.x)} ${proportion(point)}`).join(', ')}`,
  );
  return `${name} against ${title}, with ${CONFIDENCE} intervals. ${said.join('; ')}.`;
}
