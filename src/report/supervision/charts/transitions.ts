import type { ReviewSummary } from '../../../method/supervision/summary.ts';
import { draw } from '../../charts/draw.ts';
import { count } from '../../format.ts';

type Transitions = ReviewSummary['transitions'];

/** In the order in which they are stacked: right in the end first. */
export const KINDS: { kind: keyof Transitions; sign: string; words: string; colour: string; opacity: number }[] = [
  { kind: 'c2c', sign: '\u2713\u2713', words: 'stayed right', colour: 'var(--good)', opacity: 0.16 },
  { kind: 'i2c', sign: '\u2717\u2713', words: 'repaired', colour: 'var(--good)', opacity: 0.5 },
  { kind: 'c2i', sign: '\u2713\u2717', words: 'broken', colour: 'var(--bad)', opacity: 0.5 },
  { kind: 'i2i', sign: '\u2717\u2717', words: 'stayed wrong', colour: 'var(--muted)', opacity: 0.18 },
];

/** Narrower parts have no room for their name. */
const LEAST_NAMED = 0.055;
const ROW = 46;
const WIDTH = 430;

/** One stacked bar a review, in shares; every part that has the room is named. */
export function transitionBars(bars: { name: string; transitions: Transitions }[]) {
  const values = bars.flatMap(({ name, transitions }) => {
    const all = KINDS.reduce((sum, { kind }) => sum + transitions[kind], 0);
    let from = 0;
    return KINDS.map(({ kind, sign, colour, opacity }) => {
      const share = transitions[kind] / all;
      const start = from;
      from += share;
      const label = share < LEAST_NAMED ? '' : `${sign} ${(100 * share).toFixed(0)} %`;
      return { name, start, end: from, middle: (start + from) / 2, colour, opacity, label };
    });
  });
  return draw(
    {
      data: { values },
      encoding: {
        y: { field: 'name', type: 'nominal', sort: null, axis: null },
        x: { field: 'start', type: 'quantitative', scale: { domain: [0, 1] }, axis: null },
      },
      layer: [
        {
          mark: { type: 'bar', height: 22, yOffset: 9, stroke: 'var(--page)', strokeWidth: 1.5 },
          encoding: {
            x2: { field: 'end' },
            color: { field: 'colour', type: 'nominal', scale: null },
            fillOpacity: { field: 'opacity', type: 'quantitative', scale: null },
          },
        },
        {
          transform: [{ filter: 'datum.start === 0' }],
          mark: { type: 'text', align: 'left', yOffset: -11, fontSize: 12, fill: 'var(--muted)' },
          encoding: { text: { field: 'name' } },
        },
        {
          mark: { type: 'text', yOffset: 10, fontSize: 12, fill: 'var(--ink)' },
          encoding: { x: { field: 'middle', type: 'quantitative' }, text: { field: 'label' } },
        },
      ],
    },
    { width: WIDTH, height: ROW * bars.length + 8 },
    `Responses before and after a review. ${bars.map(({ name, transitions }) => `${name}: ${KINDS.map(({ kind, words }) => `${count(transitions[kind])} ${words}`).join(', ')}`).join('; ')}.`,
  );
}
