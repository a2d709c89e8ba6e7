import { count, duration } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import type { StepReport, StudyData } from '../data.ts';

type Row = Omit<StepReport, 'type' | 'status'> & { type: string; status: string };

/** The runs that the study is made of, and what each took. */
export function children({ steps }: StudyData): Markup | null {
  if (steps.length === 0) return null;
  return html`
<section id="children"><h2>Runs and compute</h2>
<p>Each is a run of its own that can be inspected, and is taken as it is where a study needs the same again. Time is this study\u2019s own; the tokens of a reused run were spent before.</p>
<div class="named">${tabulate<Row>(
    'Runs of this study, their time and tokens',
    [
      { head: 'Step', cell: ({ step }) => step },
      { head: 'Workflow', words: true, cell: ({ type }) => type },
      {
        head: 'Run',
        words: true,
        cell: ({ report, workflowId }) =>
          report === null
            ? html`<span class="uri">${workflowId}</span>`
            : html`<a class="uri" href="${report}">${workflowId}</a>`,
      },
      { head: 'Status', words: true, cell: ({ status }) => status },
      { head: 'What came out', words: true, cell: ({ headline }) => html`<span class="uri">${headline}</span>` },
      { head: 'Time', cell: ({ seconds }) => duration(seconds) },
      { head: 'Tokens read', cell: ({ tokens }) => (tokens ? count(tokens.prompt) : NOTHING) },
      { head: 'Tokens written', cell: ({ tokens }) => (tokens ? count(tokens.completion) : NOTHING) },
    ],
    steps,
    total(steps),
  )}</div>
</section>`;
}

function total(steps: readonly StepReport[]): Row {
  const counted = steps.flatMap(({ tokens }) => tokens ?? []);
  return {
    step: 'All',
    type: '',
    workflowId: '',
    status: '',
    headline: '',
    seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0),
    tokens: {
      prompt: counted.reduce((sum, { prompt }) => sum + prompt, 0),
      completion: counted.reduce((sum, { completion }) => sum + completion, 0),
    },
    report: null,
  };
}
