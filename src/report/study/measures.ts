import type { Gate } from '../../method/gates.ts';
import type { EvaluationName, Evidence } from '../../method/study/evidence.ts';
import type { Reviewer } from '../../method/supervision/scored.ts';
import type { Measure, Method, ReviewSummary } from '../../method/supervision/summary.ts';
import type { Condition } from '../supervision/names.ts';
import { conditionsOf, measuresOf } from '../supervision/strategies.ts';

export const ALONE: Condition = { reviewer: null, gate: null };

/** A measure of one evaluation; undefined where there is none. */
export function measureOf(
  { evaluations }: Evidence,
  name: EvaluationName,
  method: Method,
  condition: Condition,
  k = 1,
): Measure | undefined {
  const evaluated = evaluations[name];
  return evaluated && measuresOf(evaluated.summary, method, condition).find((measure) => measure.k === k);
}

/** What a reviewer does to the greedy responses of one evaluation. */
export function reviewOf(
  { evaluations }: Evidence,
  name: EvaluationName,
  reviewer: Reviewer,
  gate: Gate,
): ReviewSummary | undefined {
  return evaluations[name]?.summary.reviews.find(
    (review) => review.on === 'greedy' && review.reviewer === reviewer && review.gate === gate,
  );
}

/** Response only, then every reviewer under every gate, the study's own gate first. */
export function conditionsIn({ evaluations, gate }: Evidence, name: EvaluationName): Condition[] {
  const evaluated = evaluations[name];
  if (!evaluated) return [];
  const isOther = (condition: Condition) => Number(condition.gate !== null && condition.gate !== gate);
  return conditionsOf(measuresOf(evaluated.summary, 'greedy')).toSorted((a, b) => isOther(a) - isOther(b));
}
