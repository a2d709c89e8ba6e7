import type { StudyStep } from '../../activities/study/steps.ts';
import type { BuildCritiquesResult } from '../build-critiques.ts';
import { describeAccuracy } from '../describe.ts';
import type { EvaluateResult } from '../evaluate.ts';
import type { FineTuneResult } from '../fine-tune.ts';
import type { SelfImproveResult } from '../self-improve.ts';
import type { SelfTalkResult } from '../self-talk.ts';

/** What the children of a study say, by their workflow. */
interface Results {
  selfImprove: SelfImproveResult;
  buildCritiques: BuildCritiquesResult;
  fineTune: FineTuneResult;
  selfTalk: SelfTalkResult;
  evaluate: EvaluateResult;
}
export type ChildResult = Results[keyof Results];

const HEADLINES: { [Type in keyof Results]: (result: Results[Type]) => string } = {
  selfImprove: ({ iterations }) => {
    const last = iterations.at(-1);
    return last ? describeAccuracy(last.iteration, last) : '';
  },
  buildCritiques: ({ kept, annotated }) => `${kept} of ${annotated} critiques kept`,
  fineTune: ({ rows, evaluation }) => (evaluation ? '' : `${rows} rows`),
  selfTalk: () => '',
  evaluate: ({ headline }) => headline[0] ?? '',
};

/** What came out of a child, in a few words. */
export function headlineOf(type: StudyStep['type'], result: ChildResult): string {
  return HEADLINES[type](result as never);
}
