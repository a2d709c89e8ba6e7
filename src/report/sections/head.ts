import type { RunReport } from '../data.ts';
import { duration, time } from '../format.ts';
import { html, type Markup } from '../markup.ts';

export interface Head extends Pick<RunReport, 'run' | 'status' | 'reason' | 'startedAt' | 'updatedAt'> {
  /** Of the run, in words. */
  kind: string;
  /** What came out of it, one sentence each. */
  sentences: string[];
  facts: [name: string, value: string][];
  /** What a reader must know before trusting the numbers. */
  doubts: string[];
}

/** Who, what, when, and what came out: what a reader sees first. */
export function head({ kind, run, status, reason, startedAt, updatedAt, sentences, facts, doubts }: Head): Markup {
  const seconds = (Date.parse(updatedAt) - Date.parse(startedAt)) / 1000;
  const dated: [string, string][] = [
    ...facts,
    ['Started', time(startedAt)],
    [status === 'running' ? 'As of' : 'Ended', `${time(updatedAt)}, after ${duration(seconds)}`],
  ];
  return html`
<header>
<p class="kind">${kind} <span class="status ${status}">${status}</span></p>
<h1>${run}</h1>
${reason === undefined ? null : html`<p class="reason">${status === 'stopped' ? 'Stopped' : 'Reason'}: ${reason}</p>`}
<div class="headline">${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>
<dl class="facts">${dated.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>
${
  doubts.length === 0
    ? null
    : html`<aside class="warning" aria-label="Warnings"><h2>Read the numbers with care</h2><ul>${doubts.map((doubt) => html`<li>${doubt}</li>`)}</ul></aside>`
}`;
}
