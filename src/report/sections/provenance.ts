import type { Json, RunReport } from '../data.ts';
import { html, type Markup } from '../markup.ts';

/** Everything that is needed to make the run again. */
export function provenance({ provenance }: Pick<RunReport, 'provenance'>): Markup | null {
  const groups = Object.entries(provenance);
  if (groups.length === 0) return null;
  return html`
<section id="provenance"><h2>Provenance</h2>
${groups.map(
  ([group, entries]) => html`
<details><summary>${group}</summary>
<dl>${Object.entries(entries).map(([name, value]) => html`<dt>${name}</dt><dd>${show(value)}</dd>`)}</dl>
</details>`,
)}
</section>`;
}

function show(value: Json): Markup {
  if (typeof value === 'object' && value !== null)
    return html`<pre tabindex="0">${JSON.stringify(value, null, 2)}</pre>`;
  const text = String(value);
  return text.includes('\n') ? html`<pre tabindex="0">${text}</pre>` : html`<code>${text}</code>`;
}
