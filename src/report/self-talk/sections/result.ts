import { counted, duration } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import type { SelfTalkReport } from '../data.ts';

/** What was trained on the self-talks, and how it did. */
export function result({ training, evaluation }: SelfTalkReport): Markup | null {
  if (!training) return null;
  return html`
<section id="result"><h2>Trained and tested</h2>
<p>${training.checkpoint}: ${counted(training.rows, 'row')}, ${counted(training.steps, 'step')}, ${duration(training.seconds)}.</p>
${
  evaluation
    ? html`${evaluation.headline.map((sentence) => html`<p>${sentence}</p>`)}
<p><a href="${evaluation.report}">The whole evaluation</a> (${evaluation.workflowId})</p>`
    : null
}
</section>`;
}
