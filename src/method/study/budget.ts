import { type Mean, meanScore } from '../estimate.ts';
import type { Gate } from '../gates.ts';
import type { Plan, Scored } from '../supervision/scored.ts';
import { tally } from '../supervision/scores.ts';
import { keyOf, strategy } from '../supervision/strategies.ts';
import type { Budget } from './evidence.ts';

/** Votes at every number of samples, beside votes without the critic that take as much (method.md D6). Yields like `tally`. */
export function* budgetOf(questions: readonly Scored[], plan: Plan, gate: Gate): Generator<void, Budget[]> {
  if (!plan.reviewers.includes('critic')) return [];
  const ks = plan.ks.filter((k) => k <= plan.reviewed);
  const alone = (k: number) => strategy('maj', null, k);
  const withCritic = (k: number) => strategy('maj', { reviewer: 'critic', gate }, k);
  const baselines = [...new Set(ks.flatMap((k) => [k, 2 * k, 3 * k]))].filter((k) => k <= plan.samples);
  const tallies = yield* tally(questions, plan, [...baselines.map(alone), ...ks.map(withCritic)]);
  const means = new Map(tallies.map(({ strategy, scores }) => [keyOf(strategy), meanOf(scores, plan.seed)]));

  const vote = (k: number) => means.get(keyOf(alone(k))) ?? null;
  return ks.map((k) => ({
    k,
    withCritic: means.get(keyOf(withCritic(k)))!,
    alone: { k: vote(k), '2k': vote(2 * k), '3k': vote(3 * k) },
  }));
}

function meanOf(scores: readonly (number | null)[], seed: number): Mean {
  return meanScore(
    scores.filter((score) => score !== null),
    seed,
  );
}
