import type { Attempt } from '../../../method/rows.ts';
import { html, type Markup } from '../../markup.ts';
import { reading } from '../../sections/reading.ts';
import type { CritiquesReport } from '../data.ts';
import { reasonWords } from '../words.ts';

/** Some rows that are kept and some that are not, folded. */
export function examples({ examples: { kept, removed } }: CritiquesReport): Markup | null {
  if (kept.length + removed.length === 0) return null;
  return html`
<section id="attempts"><h2>Rows to read</h2>
<p>A sample, not a selection of good ones. Texts are as the models wrote them.</p>
${kept.map((attempt, place) => folded(attempt, 'kept', place === 0))}
${removed.map((removal) => folded(removal.attempt, `removed: ${reasonWords(removal)}`, false))}
</section>`;
}

function folded(attempt: Attempt, what: string, open: boolean): Markup {
  const { question, path } = attempt;
  const mistake = path?.mistake ? `, ${path.mistake} in step ${path.errorStep}` : '';
  return html`
<details class="attempt"${open ? html` open="open"` : null}>
<summary>${question.id} <small>${path?.strategy ?? ''}${mistake}${question.level === undefined ? null : `, level ${question.level}`}: ${what}</small></summary>${reading(attempt)}
</details>`;
}
