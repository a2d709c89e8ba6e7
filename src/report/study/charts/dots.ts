import { draw } from '../../charts/draw.ts';
import { CONFIDENCE, proportion, signed } from '../../format.ts';
import type { Markup } from '../../markup.ts';

/** One number with its interval, and its name above it. */
export interface Dot {
  name: string;
  value: number;
  low: number;
  high: number;
  colour: string;
}

const ROW = 44;
const WIDTH = 460;
/** For the axis below. */
const BELOW = 34;

/** Shares one below the other. */
export const shareDots = (name: string, dots: Dot[]): Promise<Markup> =>
  drawDots(name, dots, {
    labelExpr: "format(100 * datum.value, '.3~f') + ' %'",
    zero: false,
    words: (dot) => proportion(dot),
  });

/** Differences of shares one below the other, in percentage points, with a line at 0. */
export const differenceDots = (name: string, dots: Dot[]): Promise<Markup> =>
  drawDots(name, dots, {
    labelExpr: "datum.value === 0 ? '0' : format(100 * datum.value, '+.3~f')",
    zero: true,
    words: ({ value, low, high }) => `${signed(value)} (${signed(low)} to ${signed(high)})`,
  });

interface Kind {
  labelExpr: string;
  zero: boolean;
  words: (dot: Dot) => string;
}

function drawDots(name: string, dots: Dot[], { labelExpr, zero, words }: Kind): Promise<Markup> {
  const ends = [...dots.flatMap(({ low, high }) => [low, high]), ...(zero ? [0] : [])];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const margin = Math.max(most - least, 0.02) * 0.03;
  const height = ROW * dots.length;
  const y = { field: 'name', type: 'nominal' as const, sort: null, axis: null, scale: { range: [0, height] } };
  return draw(
    {
      // Vega takes text for wider than it is and would make room for it.
      autosize: 'none',
      data: { values: dots },
      encoding: {
        y,
        x: {
          field: 'value',
          type: 'quantitative',
          scale: { domain: [least - margin, most + margin], range: [0, WIDTH - 16], nice: false, zero: false },
          axis: { title: null, labelExpr, tickCount: 5, grid: false, offset: -BELOW },
        },
        color: { field: 'colour', type: 'nominal', scale: null },
      },
      layer: [
        ...(zero
          ? [
              {
                mark: { type: 'rule' as const, strokeWidth: 1, strokeDash: [2, 3] },
                encoding: {
                  x: { datum: 0 },
                  y: { value: 0 },
                  y2: { value: height },
                  color: { value: 'var(--muted)' },
                },
              },
            ]
          : []),
        {
          mark: { type: 'rule', strokeWidth: 2, yOffset: 8 },
          encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, opacity: 1, size: 70, yOffset: 8 } },
        {
          mark: { type: 'text', align: 'left', yOffset: -10, fontSize: 12, fill: 'var(--muted)' },
          encoding: { x: { value: 0 }, text: { field: 'name' } },
        },
      ],
    },
    { width: WIDTH, height: height + BELOW },
    `${name}, with ${CONFIDENCE} intervals. ${dots.map((dot) => `${dot.name}: ${words(dot)}`).join('; ')}.`,
  );
}
