import type { EvaluateProgress } from '../../workflows/contract.ts';
import type { EvaluateResult, evaluate } from '../../workflows/evaluate.ts';
import { BROWSE, type DemoOptions, runDemo } from './demo.ts';

/** One `evaluate` run before one's eyes. */
export async function demoEvaluate(options: DemoOptions): Promise<void> {
  await runDemo<typeof evaluate, EvaluateProgress>(
    {
      workflow: 'evaluate',
      name: 'evaluate',
      summary: 'demo, test-time supervision',
      place: ({ pass }) => pass,
      news: () => [],
      conclusion,
      summarize: (result) => result,
    },
    options,
  );
}

function conclusion({ run, status, headline, table, warnings, report }: EvaluateResult): string {
  return [
    '',
    `${run} ${status}.`,
    ...headline.map((sentence) => `  ${sentence}`),
    '',
    table,
    ...warnings.map((warning) => `  warning: ${warning}`),
    `Report:      ${report}`,
    BROWSE,
  ].join('\n');
}
