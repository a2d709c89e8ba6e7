import type { RunReport } from '../data.ts';
import { duration, time } from '../format.ts';
import { headline } from '../headline.ts';
import { html, type Markup } from '../markup.ts';
import { warnings } from '../outcomes.ts';

/** Who, what, when, and what came out: what a reader sees first. */
export function summary(report: RunReport): Markup {
  const { run, status, reason, startedAt, updatedAt, actor, critic, datasets } = report;
  const seconds = (Date.parse(updatedAt) - Date.parse(startedAt)) / 1000;
  const facts: [string, string][] = [
    ['Actor', actor],
    ['Critic', critic ?? 'none (vanilla self-improvement)'],
    ['Trained on', datasets.train],
    ['Tested on', datasets.test],
    ['Started', time(startedAt)],
    [status === 'running' ? 'As of' : 'Ended', `${time(updatedAt)}, after ${duration(seconds)}`],
  ];
  const doubts = warnings(report);
  return html`
<header>
<p class="kind">Self-improvement run <span class="status ${status}">${status}</span></p>
<h1>${run}</h1>
${reason === undefined ? null : html`<p class="reason">${status === 'stopped' ? 'Stopped' : 'Reason'}: ${reason}</p>`}
<div class="headline">${headline(report).map((sentence) => html`<p>${sentence}</p>`)}</div>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>
${
  doubts.length === 0
    ? null
    : html`<aside class="warning" aria-label="Warnings"><h2>Read the numbers with care</h2><ul>${doubts.map((doubt) => html`<li>${doubt}</li>`)}</ul></aside>`
}`;
}
