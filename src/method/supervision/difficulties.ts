import { levelOf } from '../difficulty.ts';
import { proportion } from '../estimate.ts';
import { byLevel } from '../levels.ts';
import type { Level } from '../rows.ts';
import { pairScores } from './comparisons.ts';
import { rateOf } from './sampled.ts';
import type { Plan, Scored } from './scored.ts';
import type { Tally } from './scores.ts';
import { keyOf, strategy, supervisions } from './strategies.ts';
import type { LevelSummary } from './summary.ts';

/** Whom the reviewers help (method.md D5): the greedy answers by the dataset's levels and by the actor's own pass rate, where known. */
export function summariseLevels(questions: readonly Scored[], plan: Plan, tallies: readonly Tally[]): LevelSummary[] {
  const ofDataset = questions.map(({ level }) => level);
  const ofPassRate = questions.map(({ samples }) => {
    const rate = rateOf(samples.slice(0, plan.samples));
    return rate.total > 0 ? levelOf(rate) : null;
  });
  return [
    { by: 'dataset' as const, levels: ofDataset },
    { by: 'pass rate' as const, levels: ofPassRate },
  ]
    .filter(({ levels }) => levels.some((level) => level !== null))
    .map(({ by, levels }) => ({ by, levels: barsOf(levels, plan, tallies) }));
}

function barsOf(levels: readonly (Level | null)[], plan: Plan, tallies: readonly Tally[]): LevelSummary['levels'] {
  const greedy = new Map(tallies.map((each) => [keyOf(each.strategy), each.scores]));
  const scoresOf = (key: string) => greedy.get(key)!;
  const responseOnly = scoresOf('greedy');
  const placed = levels.map((level, question) => ({ level, question }));
  return byLevel(placed, (ofLevel) => {
    const of = (scores: readonly (number | null)[]) => ofLevel.map(({ question }) => scores[question]!);
    return {
      questions: ofLevel.length,
      responseOnly: shareOfRight(of(responseOnly)),
      reviewed: supervisions(plan).map((supervision) => {
        const scores = of(scoresOf(keyOf(strategy('greedy', supervision, 1))));
        return {
          ...supervision,
          score: shareOfRight(scores),
          difference: pairScores('greedy', of(responseOnly), scores, plan.seed),
        };
      }),
    };
  });
}

/** Of greedy answers, which are right or not. */
export function shareOfRight(scores: readonly (number | null)[]) {
  const known = scores.filter((score) => score !== null);
  return proportion(known.filter((score) => score === 1).length, known.length);
}
