import { html, type Markup, trusted } from '../markup.ts';
import { SERIES } from './draw.ts';

const SYMBOLS = {
  circle: '<circle cx="7" cy="7" r="4.5"/>',
  diamond: '<path d="M7 1.5 12.5 7 7 12.5 1.5 7Z"/>',
} as const;

/** What the two series of the charts below are called; `null` for one that the run has not. */
export function legend(without: string, withCritic: string | null): Markup {
  const entry = ({ colour, shape }: (typeof SERIES)[keyof typeof SERIES], name: string) =>
    html`<li><svg aria-hidden="true" width="14" height="14" fill="${colour}">${trusted(SYMBOLS[shape])}</svg> ${name}</li>`;
  return html`<ul class="legend">${entry(SERIES.without, without)}${withCritic && entry(SERIES.with, withCritic)}</ul>`;
}
