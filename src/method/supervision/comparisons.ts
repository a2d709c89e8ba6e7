import { type Difference, pairedDifference, pairedScores } from '../estimate.ts';
import type { Plan, Scored } from './scored.ts';
import { meanSpending, type Tally, tally } from './scores.ts';
import { type Spending, spendingOf, tokensOf } from './spending.ts';
import { keyOf } from './strategies.ts';
import type { Basis, Comparison, Method, Strategy } from './summary.ts';

/** Samples of response only that take as much as k samples, or rounds, with a reviewer (method.md D2 and D6). */
const SAME: Partial<Record<Method, { basis: Basis; samples: (k: number) => number }[]>> = {
  maj: [
    { basis: 'samples', samples: (k) => k },
    { basis: 'actor generations', samples: (k) => 2 * k },
    { basis: 'generations', samples: (k) => 3 * k },
  ],
  best: [
    { basis: 'samples', samples: (k) => k },
    { basis: 'generations', samples: (k) => 2 * k },
  ],
  'sequential-vote': [
    { basis: 'actor generations', samples: (k) => 1 + k },
    { basis: 'generations', samples: (k) => 1 + 2 * k },
  ],
};

/**
 * Every strategy with a reviewer whose answer is one (greedy, a vote, the best of k) against response only: greedy ones against greedy,
 * the others against votes at equal samples, generations and tokens. Pairs the questions that both know.
 */
export function* compareStrategies(
  questions: readonly Scored[],
  plan: Plan,
  tallies: readonly Tally[],
): Generator<void, Comparison[]> {
  const planned = tallies.flatMap((after) =>
    after.strategy.reviewer ? baselines(after, tallies).map((baseline) => ({ after, ...baseline })) : [],
  );
  const known = new Map(tallies.map((each) => [keyOf(each.strategy), each]));
  const missing = new Map<string, Strategy>();
  for (const { before } of planned)
    if (before.k <= plan.samples && !known.has(keyOf(before))) missing.set(keyOf(before), before);
  for (const each of yield* tally(questions, plan, [...missing.values()])) known.set(keyOf(each.strategy), each);

  const comparisons: Comparison[] = [];
  for (const { after, before, basis } of planned) {
    const baseline = known.get(keyOf(before));
    const difference = baseline ? pairScores(after.strategy.method, baseline.scores, after.scores, plan.seed) : null;
    comparisons.push({ after: after.strategy, before, basis, difference });
    yield;
  }
  return comparisons;
}

/** After minus before, on the questions that both know, given in the same order. Greedy scores are outcomes: right or not. */
export function pairScores(
  method: Method,
  before: readonly (number | null)[],
  after: readonly (number | null)[],
  seed: number,
): Difference {
  const pairs = after.flatMap((now, question) => {
    const then = before[question] ?? null;
    return then === null || now === null ? [] : [{ then, now }];
  });
  if (method === 'greedy')
    return pairedDifference(
      pairs.map(({ then }) => then === 1),
      pairs.map(({ now }) => now === 1),
    );
  return pairedScores(
    pairs.map(({ then }) => then),
    pairs.map(({ now }) => now),
    seed,
  );
}

function baselines(after: Tally, tallies: readonly Tally[]): { before: Strategy; basis: Basis }[] {
  const { method, k } = after.strategy;
  if (method === 'greedy') return [{ before: { method, reviewer: null, gate: null, k }, basis: 'samples' }];
  const same = SAME[method];
  if (!same) return [];
  const vote = (k: number): Strategy => ({ method: 'maj', reviewer: null, gate: null, k });
  return [
    ...same.map(({ basis, samples }) => ({ before: vote(samples(k)), basis })),
    { before: vote(samplesForTokensOf(after, tallies)), basis: 'tokens' },
  ];
}

/**
 * The fewest samples of response only that take at least as many tokens, on the questions that `after` knows; as many as its own k where
 * it knows none.
 */
function samplesForTokensOf(after: Tally, tallies: readonly Tally[]): number {
  const samples = tallies.find(({ strategy: { method, reviewer } }) => method === 'sampled' && !reviewer);
  const known = (samples?.spending ?? []).filter(
    (each, question): each is Spending => each !== null && after.scores[question] !== null,
  );
  const tokens = tokensOf(spendingOf(known, 1 / Math.max(known.length, 1)));
  // Sums of shares differ by the order they are added in: equal tokens are not one sample more.
  return tokens > 0 ? Math.ceil((tokensOf(meanSpending(after)) / tokens) * (1 - 1e-9)) : after.strategy.k;
}
