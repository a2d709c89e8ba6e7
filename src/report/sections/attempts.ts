import type { RunReport, SampledAttempt } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { reading } from './reading.ts';

/** A few attempts to read: what the actor wrote, what the critic said to each step, and what came of it. */
export const attempts = ({ attempts }: RunReport): Markup | null => attemptSection(attempts.map(article));

export function attemptSection(attempts: Markup[]): Markup | null {
  if (attempts.length === 0) return null;
  return html`
<section id="attempts"><h2>Attempts to read</h2>
<p>A sample, not a selection of good ones. Texts are as the models wrote them.</p>
${attempts}
</section>`;
}

function article({ iteration, set, attempt }: SampledAttempt): Markup {
  const { question, sample } = attempt;
  return html`
<article class="attempt">
<h3>${question.id} <small>iteration ${iteration}, ${set === 'test' ? 'test' : 'training'} question${question.level === undefined ? null : `, level ${question.level}`}, sample ${sample}</small></h3>${reading(attempt)}
</article>`;
}
