import { meanScore } from '../estimate.ts';
import { compareStrategies } from './comparisons.ts';
import { shareOfRight, summariseLevels } from './difficulties.ts';
import { summariseReviews } from './reviews.ts';
import type { Plan, Scored } from './scored.ts';
import { meanSpending, type Tally, tally } from './scores.ts';
import { type Rates, useOf } from './spending.ts';
import { strategies } from './strategies.ts';
import type { Measure, SupervisionSummary } from './summary.ts';
import { summariseVotes } from './votes.ts';

/**
 * Everything that an evaluation measures, of the questions of a run that is finished or not. Yields between steps of a fraction of a
 * second, so that the caller can do other things in between. The same questions in the same order give the same
 * summary. Intervals resample the same questions for all strategies.
 */
export function* summarise(
  questions: readonly Scored[],
  plan: Plan,
  rates: Rates,
): Generator<void, SupervisionSummary> {
  const tallies = yield* tally(questions, plan, strategies(plan));
  const measures: Measure[] = [];
  for (const each of tallies) {
    measures.push(measure(each, plan, rates));
    yield;
  }
  return {
    questions: questions.length,
    measures,
    comparisons: yield* compareStrategies(questions, plan, tallies),
    reviews: yield* summariseReviews(questions, plan),
    levels: summariseLevels(questions, plan, tallies),
    votes: yield* summariseVotes(questions, plan),
  };
}

/** Greedy scores are outcomes, whose interval is a proportion's. */
function measure(each: Tally, plan: Plan, rates: Rates): Measure {
  const { strategy, scores } = each;
  const known = scores.filter((score) => score !== null);
  const score = strategy.method === 'greedy' ? shareOfRight(scores) : meanScore(known, plan.seed);
  return { ...strategy, score, use: useOf(meanSpending(each), strategy, rates) };
}
