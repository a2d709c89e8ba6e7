import { html, type Markup } from '../../markup.ts';
import { attemptSection } from '../../sections/attempts.ts';
import { badge, reading } from '../../sections/reading.ts';
import type { SupervisionReport } from '../data.ts';

/** A few attempts to read, folded, so that many can be looked through. */
export const attempts = ({ attempts }: SupervisionReport): Markup | null => attemptSection(attempts.map(folded));

function folded({ set, attempt }: SupervisionReport['attempts'][number], place: number): Markup {
  const { question, sample, grade, critique, refinement } = attempt;
  return html`
<details class="attempt"${place === 0 ? html` open="open"` : null}>
<summary>${question.id} <small>${set}${question.level === undefined ? null : `, level ${question.level}`}, sample ${sample}: response</small> ${badge(grade.outcome)}${critique ? html` <small>verdict</small> ${badge(critique.verdict)}` : null}${refinement ? html` <small>refinement</small> ${badge(refinement.grade.outcome)}` : null}</summary>${reading(attempt)}
</details>`;
}
