import type { Comparison, ReviewSummary } from '../../method/supervision/summary.ts';
import { count, percent, proportion } from '../format.ts';
import { points } from '../headline.ts';
import type { SupervisionReport } from './data.ts';
import { BASES, type Condition, conditionName, REVIEWERS, strategyName } from './names.ts';
import { type Compared, isClear, isCompared, isMeasured } from './numbers.ts';
import { conditionsOf, isSameCondition, measuresOf } from './strategies.ts';

/** What came out of the run, in plain words, one sentence each. Says so where an interval includes 0 or a reviewer hurts. */
export function headline(report: SupervisionReport): string[] {
  const { summary, status } = report;
  const [alone] = [...measuresOf(summary, 'greedy'), ...measuresOf(summary, 'sampled')].filter(
    ({ reviewer }) => reviewer === null,
  );
  if (!alone || !isMeasured(alone.score))
    return [status === 'running' ? 'Nothing has been measured yet.' : 'Nothing was measured.'];
  const how = alone.method === 'greedy' ? 'decoded greedily' : 'in one sample';
  return [
    `Alone, the actor answers ${proportion(alone.score)} of ${count(alone.score.n)} questions correctly, ${how}.`,
    ...leading(summary.reviews.filter(({ on }) => on === 'greedy')).flatMap(effect),
    ...leading(summary.comparisons.filter(({ after }) => after.method === 'maj').map(({ after }) => after)).flatMap(
      (condition) => budget(report, condition),
    ),
  ];
}

/** One of each condition; those that look at the reference only where there are no others. */
function leading<T extends Condition>(conditions: readonly T[]): T[] {
  const unique = conditionsOf(conditions).map((condition) => conditions.find((it) => isSameCondition(it, condition))!);
  const blind = unique.filter(({ gate }) => gate !== 'oracle');
  return blind.length > 0 ? blind : unique;
}

/** What one review of every greedy response does. */
function effect(review: ReviewSummary): string[] {
  const { after, difference, reviewer, gate } = review;
  if (!isMeasured(after) || !isCompared(difference)) return [];
  return [
    `With ${REVIEWERS[reviewer]} (${gate}), it answers ${percent(after.value)}: ${points(difference)} over its responses alone.${doubt(review, difference)}`,
  ];
}

function doubt({ reviewer }: ReviewSummary, difference: Compared): string {
  if (!isClear(difference))
    return ` The interval includes 0, so ${REVIEWERS[reviewer]} is not shown to make a difference.`;
  return difference.difference < 0 ? ` Here, ${REVIEWERS[reviewer]} hurts.` : '';
}

/** Whether reviewed votes are worth what they cost, at the largest number of samples for which that can be told. */
function budget({ summary, plan }: SupervisionReport, condition: Condition): string[] {
  const votes = summary.comparisons
    .filter(({ after }) => after.method === 'maj' && isSameCondition(after, condition))
    .toSorted((a, b) => a.after.k - b.after.k);
  const said = (['generations', 'tokens'] as const).flatMap((basis) => {
    const compared = votes.findLast((it) => it.basis === basis && isCompared(it.difference));
    return compared ? [verdict(compared)] : [];
  });
  if (said.length > 0) return [said.join(' ')];
  const missing = votes.find(({ basis, difference }) => basis === 'generations' && difference === null);
  return missing
    ? [
        `The vote ${conditionName(condition)} is not compared at equal generations: for ${count(missing.after.k)} reviewed samples that takes ${count(missing.before.k)} responses, and ${count(plan.samples)} were drawn.`,
      ]
    : [];
}

/** One comparison, in words. */
export function verdict({ after, before, basis, difference }: Comparison): string {
  if (!isCompared(difference)) return '';
  return `The ${strategyName(after)}, ${beats(difference)} the ${strategyName(before)}, at as many ${BASES[basis]}: ${points(difference)}.`;
}

function beats(difference: Compared): string {
  if (!isClear(difference)) return 'is not shown to beat';
  return difference.difference > 0 ? 'beats' : 'is beaten by';
}
