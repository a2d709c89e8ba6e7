import type { ChildType } from '../../activities/study/steps.ts';
import type { Mean } from '../../method/estimate/mean.ts';
import type { BuildCritiquesResult } from '../build-critiques.ts';
import { describeAccuracy } from '../describe.ts';
import type { EvaluateResult } from '../evaluate.ts';
import type { FineTuneResult } from '../fine-tune.ts';
import type { SelfImproveResult } from '../self-improve.ts';
import type { SelfTalkResult } from '../self-talk.ts';

/** What the children of a study say, by their workflow. */
interface ChildResults {
  selfImprove: SelfImproveResult;
  buildCritiques: BuildCritiquesResult;
  fineTune: FineTuneResult;
  selfTalk: SelfTalkResult;
  evaluate: EvaluateResult;
}
export type ChildResult = ChildResults[ChildType];

const HEADLINES: { [Type in ChildType]: (result: ChildResults[Type]) => string } = {
  selfImprove: ({ iterations }) => {
    const last = iterations.at(-1);
    return last ? describeAccuracy(last.iteration, last) : '';
  },
  buildCritiques: ({ kept, annotated }) => `${kept} of ${annotated} critiques kept`,
  fineTune: ({ rows, evaluation }) => {
    if (!evaluation) return `${rows} rows`;
    const { measure, candidate, against } = evaluation;
    return `${measure} ${percent(candidate.score)}, before it was trained ${percent(against.score)}`;
  },
  selfTalk: ({ kept, chains }) => `${kept} of ${chains} chains became a self-talk`,
  evaluate: ({ headline }) => headline.slice(0, 2).join(' '),
};

/** What came out of a child, in a few words. */
export function headlineOf(type: ChildType, result: ChildResult): string {
  return (HEADLINES[type] as (result: ChildResult) => string)(result);
}

const percent = ({ value }: Mean) => (value === null ? 'unknown' : `${(100 * value).toFixed(1)} %`);
