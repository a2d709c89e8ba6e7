import { draw } from '../../charts/draw.ts';
import { SHARE_AXIS } from '../../charts/shares.ts';
import { percent } from '../../format.ts';
import { HALF } from './curves.ts';
import { type Look, scales } from './looks.ts';

/** How often each question is answered right, the easiest first. */
export interface Frequencies {
  name: string;
  look: Look;
  curve: number[];
}

/** The share of right samples of every question, sorted: how high a curve starts and where it gets to 0 is why a vote is won or lost. */
export function frequencyCurves(name: string, lines: Frequencies[]) {
  const values = lines.flatMap(({ name, curve }) => corners(curve).map((point) => ({ series: name, ...point })));
  const { color, dash } = scales(lines);
  return draw(
    {
      data: { values },
      mark: { type: 'line', strokeWidth: 2, interpolate: 'linear' },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          scale: { domain: [0, 1] },
          axis: { ...SHARE_AXIS, title: 'questions, by share of right samples', tickCount: 5 },
        },
        y: { field: 'y', type: 'quantitative', scale: { domain: [0, 1] }, axis: SHARE_AXIS },
        color,
        strokeDash: dash,
        order: { field: 'place', type: 'quantitative' },
      },
    },
    HALF,
    `${name}. ${lines.map(({ name, curve }) => `${name}: ${describe(curve)}`).join('; ')}.`,
  );
}

/** A question is a step as wide as its share of all; only where the height changes is there something to draw. */
function corners(curve: number[]): { x: number; y: number; place: number }[] {
  return curve
    .flatMap((y, i) => [
      ...(y === curve[i - 1] ? [] : [{ x: i / curve.length, y }]),
      ...(y === curve[i + 1] ? [] : [{ x: (i + 1) / curve.length, y }]),
    ])
    .map((corner, place) => ({ ...corner, place }));
}

function describe(curve: number[]): string {
  const share = (holds: (frequency: number) => boolean) => percent(curve.filter(holds).length / curve.length);
  return `${share((y) => y === 1)} of questions always right, ${share((y) => y > 0.5)} more often than not, ${share((y) => y === 0)} never`;
}
