import { draw, iterationAxis } from '../../charts/draw.ts';
import { around, SHARE_AXIS } from '../../charts/shares.ts';
import { CONFIDENCE, proportion } from '../../format.ts';
import type { Markup } from '../../markup.ts';
import { type Curve, HALF } from '../../supervision/charts/curves.ts';
import { scales } from '../../supervision/charts/looks.ts';

/** How far lines stand apart, so that their intervals don't cover each other. */
const APART = 0.05;

/** Accuracy by iteration with its intervals, one line a run. */
export function iterationLines(name: string, lines: Curve[]): Promise<Markup> {
  const iterations = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const [first, last] = [iterations[0]!, iterations.at(-1)!];
  const apart = APART * Math.max(1, last - first);
  const values = lines.flatMap(({ name, points }, line) =>
    points.map((point) => ({ series: name, ...point, x: point.x + apart * (line - (lines.length - 1) / 2) })),
  );
  const { color, dash, shape } = scales(lines);
  return draw(
    {
      data: { values },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          scale: { domain: [first - 0.1 - apart, last + 0.1 + apart], nice: false, zero: false },
          axis: iterationAxis(iterations),
        },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { domain: around(lines.flatMap(({ points }) => points)), zero: false },
          axis: SHARE_AXIS,
        },
        color,
      },
      layer: [
        { mark: { type: 'line', strokeWidth: 2 }, encoding: { strokeDash: dash } },
        {
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, opacity: 1, size: 70 }, encoding: { shape } },
      ],
    },
    HALF,
    `${name}, with ${CONFIDENCE} intervals. ${lines.map(({ name, points }) => `${name}: ${points.map((point) => `iteration ${point.x} ${proportion(point)}`).join(', ')}`).join('; ')}.`,
  );
}
