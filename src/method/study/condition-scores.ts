import { levelOf } from '../difficulty.ts';
import type { Gate } from '../gates.ts';
import type { Level } from '../rows.ts';
import { agrees } from '../supervision/critic-quality.ts';
import { rateOf } from '../supervision/sampled.ts';
import type { Plan, Reviewer, Scored } from '../supervision/scored.ts';
import { tally } from '../supervision/scores.ts';
import { keyOf, strategy } from '../supervision/strategies.ts';
import type { LevelSummary, Method } from '../supervision/summary.ts';

/** What the conditions of a study that are compared make of every question of one evaluation; null: not known. */
export interface ConditionScores {
  plan: Plan;
  ids: string[];
  /** How hard each question is for the actor. */
  hardness: { by: LevelSummary['by']; levels: (Level | null)[] };
  /** Whether the critic's verdict on the greedy response agrees with the oracle: 1 or 0. */
  agreement: (number | null)[];
  of(method: Method, reviewer: Reviewer | null, k?: number): (number | null)[];
}

/** Samples that are compared with and without the critic, and of those as many as a chain has rounds. */
export const comparedSamples = ({ reviewed, rounds }: Plan) => ({ all: reviewed, chain: Math.min(reviewed, rounds) });

/** Reads one evaluation under one gate. Holds a few numbers per question. Yields like `tally`. */
export function* scoreConditions(
  questions: readonly Scored[],
  plan: Plan,
  gate: Gate,
): Generator<void, ConditionScores> {
  const { all, chain } = comparedSamples(plan);
  const alone = null;
  const byCritic = { reviewer: 'critic', gate } as const;
  const bySelf = { reviewer: 'self', gate } as const;
  const wanted = [
    ...[alone, byCritic, bySelf].map((who) => strategy('greedy', who, 1)),
    ...(all > 0
      ? (['sampled', 'maj', 'pass'] as const).flatMap((method) =>
          [alone, byCritic].map((who) => strategy(method, who, method === 'sampled' ? 1 : all)),
        )
      : []),
    ...(chain > 0
      ? (['maj', 'pass', 'sequential-vote', 'sequential-last', 'sequential-pass'] as const).map((method) =>
          strategy(method, byCritic, chain),
        )
      : []),
  ];
  const scores = new Map<string, (number | null)[]>();
  for (const each of yield* tally(questions, plan, wanted)) scores.set(keyOf(each.strategy), each.scores);

  const unknown = questions.map(() => null);
  return {
    plan,
    ids: questions.map(({ id }) => id),
    hardness: hardnessOf(questions, plan),
    agreement: questions.map((question) => toScore(agrees(question))),
    of: (method, reviewer, k = 1) => scores.get(keyOf(strategy(method, reviewer && { reviewer, gate }, k))) ?? unknown,
  };
}

/** By the actor's own pass rate, as the paper has it, where there are samples; else the dataset's levels. */
function hardnessOf(questions: readonly Scored[], { samples }: Plan): ConditionScores['hardness'] {
  if (samples === 0) return { by: 'dataset', levels: questions.map(({ level }) => level) };
  const levels = questions.map((question) => {
    const rate = rateOf(question.samples.slice(0, samples));
    return rate.total > 0 ? levelOf(rate) : null;
  });
  return { by: 'pass rate', levels };
}

const toScore = (right: boolean | null) => (right === null ? null : Number(right));
