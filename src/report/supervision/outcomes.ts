import type { Difference, Mean } from '../../method/estimate.ts';
import type { Basis, Strategy, SupervisionSummary } from '../../method/supervision/summary.ts';
import { strategyName } from './names.ts';
import { headlineMeasures, isSame } from './strategies.ts';

/** What one strategy of the headline table came to, for programs that read a run's result. */
export interface StrategyOutcome extends Strategy, Mean {
  name: string;
  /** This strategy minus response only: the vote of `k` of these, or greedy, with equally much of what `basis` says. */
  gains: (Difference & { basis: Basis; k: number })[];
}

export function strategyOutcomes(summary: SupervisionSummary, reviewed: number): StrategyOutcome[] {
  return headlineMeasures(summary, reviewed).map(({ score, use: _, ...strategy }) => ({
    name: strategyName(strategy),
    ...strategy,
    ...score,
    gains: summary.comparisons.flatMap(({ after, before, basis, difference }) =>
      difference && isSame(after, strategy) ? [{ basis, k: before.k, ...difference }] : [],
    ),
  }));
}
