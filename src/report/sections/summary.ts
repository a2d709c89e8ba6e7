import type { RunReport } from '../data.ts';
import { headline } from '../headline.ts';
import type { Markup } from '../markup.ts';
import { warnings } from '../outcomes.ts';
import { head } from './head.ts';

/** The head of a `selfImprove` run. */
export function summary(report: RunReport): Markup {
  const { actor, critic, datasets } = report;
  return head({
    ...report,
    kind: 'Self-improvement run',
    sentences: headline(report),
    facts: [
      ['Actor', actor],
      ['Critic', critic ?? 'none (vanilla self-improvement)'],
      ['Trained on', datasets.train],
      ['Tested on', datasets.test],
    ],
    doubts: warnings(report),
  });
}
