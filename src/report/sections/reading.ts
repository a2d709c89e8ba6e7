import { alignSteps } from '../../method/align-steps.ts';
import { type CritiqueStep, parseCritique } from '../../method/critique.ts';
import type { Attempt, Critique, Outcome, Refinement, Verdict } from '../../method/rows.ts';
import { counted } from '../format.ts';
import { html, type Markup } from '../markup.ts';

/** One attempt to read: the question, what the actor wrote, what the critic said to each step, and what came of it. */
export function reading(attempt: Attempt): Markup {
  const { question, grade, refinement } = attempt;
  return html`
<p class="text question">${question.question}</p>
<p class="reference">Reference <code>${question.reference}</code></p>
<h4>Response ${badge(grade.outcome)} ${answer(grade.answer)}</h4>
${response(attempt)}
${refinement ? refined(refinement) : null}`;
}

/** The response step by step, with the critic's label and explanation beside each. */
function response({ response, critique }: Attempt): Markup {
  const { kept, note } = clip(response.text);
  const { marked, astray } = alignSteps(kept, critique ? parseCritique(critique.text).steps : []);
  return html`
<ol class="steps${critique ? ' judged' : ''}">${marked.map(
    ({ text, step }) =>
      html`<li${step?.label === 'wrong' ? html` class="wrong"` : null}><div class="text">${text}</div>${step ? mark(step) : null}</li>`,
  )}</ol>${note}
${
  astray.length === 0
    ? null
    : html`<p class="aside">Critic on steps that are not in the response:</p>
<ul class="steps astray">${astray.slice(0, MOST_ASTRAY).map((step) => html`<li><div class="text">${step.sentence}</div>${mark(step)}</li>`)}</ul>${astray.length > MOST_ASTRAY ? html`<p class="aside">\u2026 and ${counted(astray.length - MOST_ASTRAY, 'more step')}</p>` : null}`
}
${critique ? verdict(critique) : null}`;
}

function refined({ text, grade }: Refinement): Markup {
  const { kept, note } = clip(text);
  return html`<h4>Refinement ${badge(grade.outcome)} ${answer(grade.answer)}</h4>
<ol class="steps">${alignSteps(kept, []).marked.map(({ text }) => html`<li><div class="text">${text}</div></li>`)}</ol>${note}`;
}

/** What the critic concluded; all that it wrote where that has no steps. */
function verdict({ verdict, text }: Critique): Markup {
  const { steps, verdictExplanation } = parseCritique(text);
  const { kept, note } = clip(steps.length === 0 ? text : verdictExplanation);
  return html`<p class="verdict">Critic\u2019s verdict on the final answer: ${badge(verdict)} <span class="mark">${kept}</span></p>${note}`;
}

const mark = ({ label, explanation }: CritiqueStep) =>
  html`<div class="mark">${label ? badge(label) : 'no label'} ${explanation}</div>`;

const SIGNS: Record<Outcome | Verdict, string> = {
  correct: '\u2713',
  wrong: '\u2717',
  unparsed: '?',
  truncated: '\u2026',
  ungraded: '?',
};

/** A sign and a word, so that it does not take colour to tell. */
export const badge = (judgement: Outcome | Verdict) =>
  html`<span class="badge ${judgement}">${SIGNS[judgement]}\u00A0${judgement}</span>`;

const answer = (answer: string | null) =>
  answer === null ? html`<small>no answer found</small>` : html`<small>answer <code>${answer}</code></small>`;

/** Longer texts, such as one that repeats itself to the token limit, are whole in the artifacts. */
const MOST_CHARACTERS = 4000;
const MOST_LINES = 40;
const MOST_ASTRAY = 10;

function clip(text: string): { kept: string; note: Markup | null } {
  const kept = text.slice(0, MOST_CHARACTERS).split('\n').slice(0, MOST_LINES).join('\n');
  const more = text.length - kept.length;
  return { kept, note: more === 0 ? null : html`<p class="aside">\u2026 and ${counted(more, 'more character')}</p>` };
}
