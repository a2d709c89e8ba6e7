import type { Gate } from '../../../method/gates.ts';
import type { Strategy } from '../../../method/supervision/summary.ts';
import { html, type Markup, trusted } from '../../markup.ts';
import { strategyName } from '../names.ts';

/** A strategy at any k: one line of a chart. */
export type Line = Omit<Strategy, 'k'>;

/** How a line is told from others: never by colour alone. */
export interface Look {
  colour: string;
  dash: number[];
  shape: keyof typeof SYMBOLS;
}

const ALONE: Look = { colour: 'var(--without)', dash: [1, 0], shape: 'circle' };

const GATES: Record<Gate, Look> = {
  always: { colour: 'var(--with)', dash: [8, 3], shape: 'diamond' },
  verdict: { colour: 'var(--verdict)', dash: [4, 2], shape: 'square' },
  oracle: { colour: 'var(--oracle)', dash: [1.5, 2.5], shape: 'triangle-up' },
};

const BEST: Look = { colour: 'var(--best)', dash: [8, 3, 2, 3], shape: 'triangle-down' };
const CHAIN_VOTE: Look = { colour: 'var(--chain)', dash: [10, 2], shape: 'triangle-right' };
const CHAIN_LAST: Look = { colour: 'var(--last)', dash: [2, 2], shape: 'cross' };

export function lookOf({ method, gate }: Line): Look {
  if (method === 'best') return BEST;
  if (method === 'sequential-vote') return CHAIN_VOTE;
  if (method === 'sequential-last') return CHAIN_LAST;
  return gate === null ? ALONE : GATES[gate];
}

/** Around 0, 0, as Vega draws them. */
const SYMBOLS = {
  circle: '<circle r="3.9"/>',
  diamond: '<path d="M0-5 5 0 0 5-5 0Z"/>',
  square: '<path d="M-3.5-3.5H3.5V3.5H-3.5Z"/>',
  'triangle-up': '<path d="M-4.4 3.8H4.4L0-3.8Z"/>',
  'triangle-down': '<path d="M-4.4-3.8H4.4L0 3.8Z"/>',
  'triangle-right': '<path d="M-3.8-4.4V4.4L3.8 0Z"/>',
  cross: '<path d="M-4.5-1.5H-1.5V-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5Z"/>',
} as const;

/** What the lines or bars of the charts below are called. `mark`: how they are drawn there. */
export function key(lines: { name: string; look: Look }[], mark: 'line' | 'points' | 'bar'): Markup {
  const swatch = ({ colour, dash, shape }: Look) =>
    html`${
      mark === 'bar'
        ? html`<path d="M-7-7H7V7H-7Z" fill-opacity="0.35"/>`
        : html`<path d="M-18 0H18" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash.join(' ')}"/>`
    }${mark === 'line' ? null : trusted(SYMBOLS[shape])}`;
  const width = mark === 'bar' ? 14 : 36;
  return html`<ul class="legend">${lines.map(
    ({ name, look }) =>
      html`<li><svg aria-hidden="true" width="${width}" height="14" viewBox="${-width / 2} -7 ${width} 14" fill="${look.colour}">${swatch(look)}</svg> ${name}</li>`,
  )}</ul>`;
}

/** Scales of a chart in which the field `series` holds the names of these lines. */
export function scales(lines: { name: string; look: Look }[]) {
  const domain = lines.map(({ name }) => name);
  const of = <T>(range: T[]) => ({ field: 'series', scale: { domain, range }, legend: null });
  return {
    color: of(lines.map(({ look }) => look.colour)),
    dash: of(lines.map(({ look }) => look.dash)),
    shape: of(lines.map(({ look }) => look.shape)),
  };
}

export const lineName = (line: Line) => strategyName({ ...line, k: 'k' });
