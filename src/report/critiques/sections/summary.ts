import { count, counted, percent } from '../../format.ts';
import type { Markup } from '../../markup.ts';
import { head } from '../../sections/head.ts';
import type { CritiquesReport } from '../data.ts';
import { headline } from '../headline.ts';

/** The head of a `buildCritiques` run. */
export function summary(report: CritiquesReport): Markup {
  const { actor, annotator, writer, dataset, questions, filter, minYield, warnings } = report;
  return head({
    ...report,
    kind: 'Critiques to train a critic on',
    sentences: headline(report),
    facts: [
      ['Actor', actor],
      ['Annotator', annotator],
      ...(writer === null ? [] : [['Mistakes planted by', writer] as [string, string]]),
      ['Questions', `${dataset}, ${counted(questions, 'question')}`],
      ['Filter', filter ? `${count(filter.keep)} of ${counted(filter.refinements, 'refinement')} right` : 'none'],
      ['Least yield', percent(minYield)],
    ],
    doubts: warnings,
  });
}
