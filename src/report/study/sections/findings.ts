import { type Finding, type Holds, judge, type MeasuredEffect } from '../../../method/study/finding.ts';
import { CONFIDENCE, count, interval, pValue, signed } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { NOTHING } from '../../tabulate.ts';
import { type Dot, differenceDots } from '../charts/dots.ts';
import type { StudyData } from '../data.ts';
import { HOLDS } from '../names.ts';

/** The paper's findings, each beside what was measured here: does it hold, by how much, with which interval. */
export async function findings({ findings }: StudyData): Promise<Markup> {
  return html`
<section id="findings"><h2>The paper\u2019s findings, here</h2>
<p>A finding holds where the ${CONFIDENCE} interval of what decides it is all on the claimed side, and does not where all of it is on the other; else it is unclear.
Differences are in percentage points, paired by question unless said; what only informs is in grey. The paper\u2019s numbers are of Llama-3-8B.</p>
<div class="scroll" role="region" aria-label="Findings" tabindex="0"><table class="findings">
<caption>Findings of arXiv 2411.16579 and what was measured</caption>
<thead><tr><th scope="col">Finding</th><th scope="col">Paper</th><th scope="col">Here</th><th scope="col">Holds?</th></tr></thead>
<tbody>
${findings.map((finding) => html`${row(finding)}\n`)}</tbody>
</table></div>
${await forest(findings)}
</section>`;
}

const row = ({ id, claim, paper, measure, holds, why }: Finding) =>
  html`<tr id="${id}"><th scope="row">${claim}</th><td data-head="Paper">${paper}</td><td data-head="Here">${holds === 'not measured' ? NOTHING : html`<ul>${measure.filter(isKnown).map(line)}</ul>`}</td><td data-head="Holds?">${badge(holds)}<small>${why}</small></td></tr>`;

type Known = MeasuredEffect & { value: number };

const isKnown = (effect: MeasuredEffect): effect is Known => effect.value !== null;

const line = ({ label, value, low, high, n, p, decisive }: Known) =>
  html`<li class="${decisive ? 'decisive' : 'informative'}">${label}: <span class="number">${signed(value)} (${interval(low, high, signed)})</span><small>${typeof p === 'number' ? `${pValue(p)}, ` : null}n\u00A0=\u00A0${count(n)}</small></li>`;

export const badge = (holds: Holds) => {
  const { sign, words, look } = HOLDS[holds];
  return html`<span class="badge ${look}">${sign}\u00A0${words}</span>`;
};

const COLOURS: Record<Holds, string> = {
  yes: 'var(--good)',
  no: 'var(--bad)',
  unclear: 'var(--warn)',
  'not measured': 'var(--muted)',
};

/** What decides, at a glance. */
async function forest(findings: readonly Finding[]): Promise<Markup | null> {
  const dots = findings.flatMap(({ measure }) =>
    measure
      .filter(isKnown)
      .filter(({ decisive }) => decisive)
      .map((effect): Dot => {
        const { holds } = judge([effect]);
        const { label, value, low, high } = effect;
        return { name: `${HOLDS[holds].sign} ${label}`, value, low, high, colour: COLOURS[holds] };
      }),
  );
  if (dots.length === 0) return null;
  const half = Math.ceil(dots.length / 2);
  const columns = dots.length > 6 ? [dots.slice(0, half), dots.slice(half)] : [dots];
  const figure = async (part: Dot[]) =>
    html`<figure>${await differenceDots('What decides the findings, in percentage points', part)}</figure>`;
  return html`
<h3>What decides them, in percentage points</h3>
<div class="pair">${await Promise.all(columns.map(figure))}</div>`;
}
