import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { html, type Markup, trusted } from '../markup.ts';

export interface Size {
  width: number;
  height: number;
}

/** Two to a row on a laptop, and legible on a phone without being shrunk. */
export const WIDE: Size = { width: 460, height: 270 };
/** One of several that are compared. */
export const SMALL: Size = { width: 200, height: 170 };

/** The two series that every chart tells apart, in the colours of style.ts; never by colour alone. */
export const SERIES = {
  without: { colour: 'var(--without)', shape: 'circle' },
  with: { colour: 'var(--with)', shape: 'diamond' },
} as const;

/** Colours are CSS variables, so that one drawing serves light, dark and paper. */
const CONFIG = {
  aria: false,
  autosize: { type: 'fit', contains: 'padding' },
  background: 'transparent',
  padding: 4,
  view: { stroke: null },
  axis: {
    domainColor: 'var(--rule)',
    gridColor: 'var(--rule)',
    labelColor: 'var(--muted)',
    labelFontSize: 12,
    labelPadding: 5,
    ticks: false,
    titleColor: 'var(--muted)',
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 8,
  },
  axisX: { grid: false, labelAngle: 0 },
  axisY: { domain: false, tickCount: 5 },
} as const;

/** An inlined SVG. `description` says in words what is drawn, for those who don't see it. */
export async function draw(spec: TopLevelSpec, size: Size, description: string): Promise<Markup> {
  const { spec: vega } = compile({ ...spec, ...size, config: CONFIG } as TopLevelSpec);
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    const drawing = trusted(svg.slice(svg.indexOf('>') + 1));
    return html`<svg role="img" aria-label="${description}" viewBox="0 0 ${size.width} ${size.height}" style="max-width:${size.width}px">${drawing}`;
  } finally {
    view.finalize();
  }
}

/** Iterations are few and whole. */
export const iterationAxis = (iterations: number[]) => ({
  values: iterations,
  format: 'd',
  title: 'iteration',
  labelOverlap: true,
});
