import type { StudyProgress } from '../../workflows/contract.ts';
import type { StudyResult, study } from '../../workflows/study.ts';
import { BROWSE, type DemoOptions, runDemo } from './demo.ts';

/** One `study` before one's eyes. */
export async function demoStudy(options: DemoOptions): Promise<void> {
  await runDemo<typeof study, StudyProgress>(
    {
      workflow: 'study',
      name: 'study',
      summary: "demo, the paper's programme",
      place: ({ step }) => step,
      news: ({ steps }) => steps.filter((step) => /: (?:done|reused)/.test(step)),
      conclusion,
      summarize: (result) => result,
    },
    options,
  );
}

function conclusion({ run, status, headline, warnings, report }: StudyResult): string {
  return [
    '',
    `${run} ${status}.`,
    ...headline.map((sentence) => `  ${sentence}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    '',
    `Report:      ${report}`,
    BROWSE,
  ].join('\n');
}
