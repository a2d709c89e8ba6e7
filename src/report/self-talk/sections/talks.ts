import type { Segment } from '../../../method/self-talk/chain.ts';
import type { TalkRow } from '../../../method/self-talk/verify.ts';
import { counted } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { badge } from '../../sections/reading.ts';
import type { SelfTalkReport } from '../data.ts';

/** A few self-talks to read with the chains that they were made of, and a few that were removed. */
export function talks({ kept, removed }: SelfTalkReport): Markup | null {
  if (kept.length + removed.length === 0) return null;
  return html`
<section id="talks"><h2>Self-talks to read</h2>
<p>A sample, not a selection of good ones: the first of each level, kept and removed.</p>
${kept.map((row, place) => folded(row, 'kept', place === 0))}
${removed.map(({ reason, row }) => folded(row, `removed: ${reason}`, false))}
</section>`;
}

function folded({ question, sample, chain, talk, grade }: TalkRow, what: string, open: boolean): Markup {
  return html`
<details class="attempt"${open ? html` open="open"` : null}>
<summary>${question.id} <small>${what}${question.level === undefined ? null : `, level ${question.level}`}, sample ${sample}, ${counted(chain.rewrites, 'rewrite')}</small>${grade ? html` ${badge(grade.outcome)}` : null}</summary>
<p class="text question">${question.question}</p>
<p class="reference">Reference <code>${question.reference}</code></p>
${talk && talk.text !== '' ? html`<h4>Self-talk</h4><p class="text">${talk.text}</p>` : null}
<h4>Chain</h4>
<ol class="steps judged">${chain.segments.map(link)}</ol>
</details>`;
}

const link = ({ step, label, explanation, version, again }: Segment) => {
  const written = version === 0 ? '' : ` written in round ${version}`;
  const note = `${again ? 'seen again' : ''}${written}`.trim();
  return html`<li${label === 'wrong' ? html` class="wrong"` : null}><div class="text">${step}</div><div class="mark">${label ? badge(label) : 'no label'} ${note === '' ? null : html`<small>${note}</small> `}${explanation}</div></li>`;
};
