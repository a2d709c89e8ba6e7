import type { Difference } from '../../method/estimate.ts';
import type { Measure, Method, Strategy, SupervisionSummary } from '../../method/supervision/summary.ts';
import { type Condition, conditionName } from './names.ts';
import { isMeasured } from './numbers.ts';

export const isSameCondition = (a: Condition, b: Condition) => a.reviewer === b.reviewer && a.gate === b.gate;

export const isSame = (a: Strategy, b: Strategy) => a.method === b.method && a.k === b.k && isSameCondition(a, b);

/** The conditions of some measures or comparisons, each once, in their order. */
export function conditionsOf(strategies: readonly Condition[]): Condition[] {
  const named = new Map(
    strategies.map(({ reviewer, gate }) => [conditionName({ reviewer, gate }), { reviewer, gate }]),
  );
  return [...named.values()];
}

/** What was measured of a method, ascending in k. */
export const measuresOf = ({ measures }: SupervisionSummary, method: Method, condition?: Condition): Measure[] =>
  measures
    .filter((measure) => measure.method === method && isMeasured(measure.score))
    .filter((measure) => !condition || isSameCondition(measure, condition))
    .toSorted((a, b) => a.k - b.k);

/** A strategy against response only on the same questions: the same method with as many samples, where it was compared. */
export function differenceTo({ comparisons, reviews }: SupervisionSummary, strategy: Strategy): Difference | null {
  const compared = comparisons.find(({ after, basis }) => basis === 'samples' && isSame(after, strategy));
  if (compared) return compared.difference;
  if (strategy.method !== 'sampled') return null;
  return reviews.find((review) => review.on === 'samples' && isSameCondition(review, strategy))?.difference ?? null;
}

const HEADLINE: Method[] = ['greedy', 'maj', 'best', 'sequential-vote', 'sequential-last'];

/** The few strategies that sum the run up: each method at its largest k, and the vote of as many responses as are reviewed. */
export function headlineMeasures(summary: SupervisionSummary, reviewed: number): Measure[] {
  return HEADLINE.flatMap((method) => {
    const measures = measuresOf(summary, method);
    return conditionsOf(measures).flatMap((condition) => {
      const ofCondition = measures.filter((measure) => isSameCondition(measure, condition));
      const last = ofCondition.at(-1)!;
      const alike = condition.reviewer === null ? ofCondition.filter(({ k }) => k === reviewed && k < last.k) : [];
      return [...alike, last];
    });
  });
}
