import type { Markup } from '../../markup.ts';
import { head } from '../../sections/head.ts';
import type { SelfTalkReport } from '../data.ts';
import { headline } from '../headline.ts';

/** The head of a `selfTalk` run. */
export function summary(report: SelfTalkReport): Markup {
  const { actor, critic, smoother, dataset, rounds, warnings } = report;
  return head({
    ...report,
    kind: 'Step-level self-talk',
    sentences: headline(report),
    facts: [
      ['Actor', actor],
      ['Critic', critic],
      ['Made one text by', smoother],
      ['Questions', dataset],
      ['Most rewrites', String(rounds)],
    ],
    doubts: warnings,
  });
}
