import { counted } from '../../format.ts';
import type { Markup } from '../../markup.ts';
import { head } from '../../sections/head.ts';
import type { StudyData } from '../data.ts';
import { headline } from '../headline.ts';

/** The head of a `study`. */
export function summary(study: StudyData): Markup {
  const { actor, critic, datasets, steps, warnings, evidence } = study;
  const reused = steps.filter(({ status }) => status === 'reused').length;
  return head({
    ...study,
    kind: 'Study',
    sentences: headline(study),
    facts: [
      ['Actor\u2019s base', actor],
      ['Critic\u2019s base', critic],
      ['Trained on', datasets.train],
      ['Tested on', datasets.test],
      ['Runs', `${counted(steps.length, 'run')}, ${reused} of them reused`],
      ['Gate', evidence.gate],
    ],
    doubts: warnings,
  });
}
