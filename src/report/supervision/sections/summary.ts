import { count, counted } from '../../format.ts';
import type { Markup } from '../../markup.ts';
import { head } from '../../sections/head.ts';
import type { SupervisionReport } from '../data.ts';
import { warnings } from '../doubts.ts';
import { headline } from '../headline.ts';

/** The head of an `evaluate` run. */
export function summary(report: SupervisionReport): Markup {
  const { actor, critic, dataset, plan } = report;
  const { samples, reviewed, reviewers, gates, rounds } = plan;
  const isReviewed = reviewers.length > 0;
  return head({
    ...report,
    kind: 'Evaluation with test-time supervision',
    sentences: headline(report),
    facts: [
      ['Actor', actor],
      ['Critic', critic ?? 'none'],
      ['Tested on', `${dataset}, ${counted(report.summary.questions, 'question')}`],
      [
        'Samples',
        `${count(samples)} per question${isReviewed ? `, ${count(reviewed)} of them reviewed` : ''}${rounds > 0 ? `; a chain of ${counted(rounds, 'round')}` : ''}`,
      ],
      ...(isReviewed ? [['Gates', gates.join(', ')] as [string, string]] : []),
    ],
    doubts: warnings(report),
  });
}
