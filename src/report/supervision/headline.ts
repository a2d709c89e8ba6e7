import type { Comparison, ReviewSummary } from '../../method/supervision/summary.ts';
import { count, counted, percent, proportion } from '../format.ts';
import { points } from '../headline.ts';
import type { SupervisionReport } from './data.ts';
import { BASES, type Condition, REVIEWERS, strategyName } from './names.ts';
import { type Compared, isClear, isCompared, isMeasured } from './numbers.ts';
import { conditionsOf, isSameCondition, measuresOf } from './strategies.ts';

/** What came out of the run, in plain words, one sentence each. Says so where an interval includes 0 or a reviewer hurts. */
export function headline({ summary, status, plan }: SupervisionReport): string[] {
  const [alone] = [...measuresOf(summary, 'greedy'), ...measuresOf(summary, 'sampled')].filter(
    ({ reviewer }) => reviewer === null,
  );
  if (!alone || !isMeasured(alone.score))
    return [status === 'running' ? 'Nothing has been measured yet.' : 'Nothing was measured.'];
  const how = alone.method === 'greedy' ? 'decoded greedily' : 'in one sample';
  const all = summary.comparisons.filter(({ after }) => after.method === 'maj');
  const ofCritic = all.filter(({ after }) => after.reviewer === 'critic');
  const votes = ofCritic.length > 0 ? ofCritic : all;
  return [
    `Alone, the actor answers ${proportion(alone.score)} of ${count(alone.score.n)} questions correctly, ${how}.`,
    ...leading(summary.reviews.filter(({ on }) => on === 'greedy')).flatMap(effect),
    ...leading(votes.map(({ after }) => after)).flatMap((condition) =>
      budget(
        votes.filter(({ after }) => isSameCondition(after, condition)),
        plan.samples,
      ),
    ),
  ];
}

/** Each condition once; the gate that looks at the reference only where there is no other. */
function leading<T extends Condition>(conditions: readonly T[]): T[] {
  const unique = conditionsOf(conditions).map((condition) => conditions.find((it) => isSameCondition(it, condition))!);
  const blind = unique.filter(({ gate }) => gate !== 'oracle');
  return blind.length > 0 ? blind : unique;
}

/** What one review of every greedy response does. */
function effect({ after, difference, reviewer, gate }: ReviewSummary): string[] {
  if (!isMeasured(after) || !isCompared(difference)) return [];
  return [
    `With ${REVIEWERS[reviewer]} (${gate}), it answers ${percent(after.value)}: ${points(difference)} over its responses alone.${doubt(REVIEWERS[reviewer], difference)}`,
  ];
}

function doubt(reviewer: string, difference: Compared): string {
  if (!isClear(difference)) return ` The interval includes 0, so ${reviewer} is not shown to make a difference.`;
  return difference.difference < 0 ? ` Here, ${reviewer} hurts.` : '';
}

/** Whether reviewed votes are worth what they cost, at the largest number of samples for which that can be told. */
function budget(votes: Comparison[], samples: number): string[] {
  const said = (['generations', 'tokens'] as const).flatMap((basis) => {
    const compared = largest(votes.filter((it) => it.basis === basis));
    return compared ? [verdict(compared)] : [];
  });
  if (said.length > 0) return [said.join(' ')];
  const missing = votes.find(({ basis, difference }) => basis === 'generations' && difference === null);
  if (!missing) return [];
  return [
    `The ${strategyName({ ...missing.after, k: 'k' })}, is not compared at equal generations: for ${counted(missing.after.k, 'sample')} that takes ${count(missing.before.k)} responses, and ${count(samples)} were drawn.`,
  ];
}

/** The one with the most samples of those for which enough were drawn. */
export const largest = (comparisons: readonly Comparison[]): Comparison | undefined =>
  comparisons.filter(({ difference }) => isCompared(difference)).toSorted((a, b) => b.after.k - a.after.k)[0];

/** One comparison, in words. */
function verdict({ after, before, basis, difference }: Comparison): string {
  if (!isCompared(difference)) return '';
  return `At equal ${BASES[basis]}, the ${strategyName(after)}, ${beats(difference)} the ${strategyName(before)}: ${points(difference)}.`;
}

function beats(difference: Compared): string {
  if (!isClear(difference)) return 'is not shown to beat';
  return difference.difference > 0 ? 'beats' : 'is beaten by';
}
