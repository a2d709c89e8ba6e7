import type { IterationReport, PairedDifference, RunReport } from './data.ts';
import { CONFIDENCE, count, interval, percent, proportion, pValue, signed } from './format.ts';

/** What came out of the run, in plain words, one sentence each. Says so where an interval includes 0 or accuracy fell. */
export function headline({ iterations, critic, status }: RunReport): string[] {
  const evaluated = iterations.filter(isEvaluated);
  const first = evaluated[0];
  const last = evaluated.at(-1);
  if (!first || !last)
    return [status === 'running' ? 'No checkpoint has been evaluated yet.' : 'No checkpoint was evaluated.'];
  const { accuracy, gain, withCritic } = last.evaluation;

  const sentences = gain
    ? [
        `From iteration ${first.iteration} to iteration ${last.iteration}, accuracy on ${count(accuracy.n)} test questions ` +
          `${moved(gain)} from ${percent(first.evaluation.accuracy.value)} to ${percent(accuracy.value)}: ${points(gain)}.` +
          (isClear(gain) ? '' : ' The interval includes 0, so no change is shown.'),
      ]
    : [
        `The checkpoint of iteration ${last.iteration} answers ${proportion(accuracy)} of ${count(accuracy.n)} test questions correctly; there is no later iteration to compare it with${status === 'running' ? ' yet' : ''}.`,
      ];
  if (critic !== null && withCritic) {
    sentences.push(
      `With the critic at test time, iteration ${last.iteration} answers ${percent(withCritic.accuracy.value)}: ${points(withCritic.gain)} over its responses alone.` +
        (isClear(withCritic.gain) ? '' : ' The interval includes 0, so the critic is not shown to make a difference.'),
    );
  }
  return sentences;
}

type Evaluated = IterationReport & Required<Pick<IterationReport, 'evaluation'>>;

export const isEvaluated = (iteration: IterationReport): iteration is Evaluated => iteration.evaluation !== undefined;

const isClear = ({ low, high }: PairedDifference) => low > 0 || high < 0;

function moved(gain: PairedDifference): string {
  if (!isClear(gain)) return 'went';
  return gain.difference > 0 ? 'rose' : 'fell';
}

export const points = ({ difference, low, high, p }: PairedDifference) =>
  `${signed(difference)} points (paired ${CONFIDENCE} interval ${interval(low, high, signed)}, ${pValue(p)})`;
