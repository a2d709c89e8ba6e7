import type { Difference } from '../estimate.ts';
import { pairScores } from './comparisons.ts';
import type { Plan, Scored } from './scored.ts';
import { tally } from './scores.ts';
import { keyOf, strategies } from './strategies.ts';
import type { Strategy } from './summary.ts';

/** The score of every question under every strategy of a run. */
export interface RunScores {
  ids: string[];
  /** Scores in the order of the ids; null: not known. The key is stable, `keyOf` the strategy. */
  strategies: { key: string; strategy: Strategy; scores: (number | null)[] }[];
}

export interface RunComparison {
  /** Questions of both, and of one only. */
  both: number;
  onlyBefore: number;
  onlyAfter: number;
  /** Of the strategies that both have, on the questions that both know. */
  strategies: { key: string; strategy: Strategy; difference: Difference }[];
}

/** Of the resamples: those of the runs are no more the one's than the other's. */
const SEED = 1;

/** Yields like `summarise`. */
export function* scoreRun(questions: readonly Scored[], plan: Plan): Generator<void, RunScores> {
  const tallies = yield* tally(questions, plan, strategies(plan));
  return {
    ids: questions.map(({ id }) => id),
    strategies: tallies.map(({ strategy, scores }) => ({ key: keyOf(strategy), strategy, scores })),
  };
}

/** Two runs, paired by question id, for every strategy that both have. Yields like `summarise`. */
export function* compareRuns(before: RunScores, after: RunScores): Generator<void, RunComparison> {
  const places = new Map(before.ids.map((id, place) => [id, place]));
  const then = new Map(before.strategies.map(({ key, scores }) => [key, scores]));
  const both = after.ids.filter((id) => places.has(id)).length;
  const compared: RunComparison['strategies'] = [];
  for (const { key, strategy, scores } of after.strategies) {
    const earlier = then.get(key);
    if (!earlier) continue;
    const paired = after.ids.map((id) => earlier[places.get(id) ?? -1] ?? null);
    compared.push({ key, strategy, difference: pairScores(strategy.method, paired, scores, SEED) });
    yield;
  }
  return { both, onlyBefore: before.ids.length - both, onlyAfter: after.ids.length - both, strategies: compared };
}
