import { type CritiqueCounts, countCritiques, type Reviewed } from '../critique-counts.ts';
import type { PassRate } from '../difficulty.ts';
import {
  clusteredAccuracy,
  type Difference,
  type Mean,
  pairedDifference,
  pairedScores,
  proportion,
} from '../estimate.ts';
import { isIncorrectOutcome } from '../gates.ts';
import { answerUnder, critiqueUnder, type Supervision } from './answer.ts';
import { rateOf } from './sampled.ts';
import type { Draw, Plan, Scored } from './scored.ts';
import { supervisions } from './strategies.ts';
import type { ReviewSummary } from './summary.ts';

const SHARES = [
  'before',
  'after',
  'discriminability',
  'discriminabilityOnRight',
  'discriminabilityOnWrong',
  'strictDiscriminability',
  'unparsable',
  'helpfulness',
  'firstWrongStep',
] as const;

/** What one question adds. */
type Counts = Pick<CritiqueCounts, 'verdicts' | 'pairs' | 'transitions'> & Record<(typeof SHARES)[number], PassRate>;

type Supervised = NonNullable<Supervision>;

/** What the critiques of each reviewer under each gate are worth, on the greedy responses and on the first K samples. */
export function* summariseReviews(questions: readonly Scored[], plan: Plan): Generator<void, ReviewSummary[]> {
  const reviews: ReviewSummary[] = [];
  for (const supervision of supervisions(plan)) {
    const greedy = yield* countEach(questions, ({ greedy }) => (greedy ? [greedy] : []), supervision);
    reviews.push(yield* summarise(greedy, 'greedy', supervision, plan));
    if (plan.reviewed === 0) continue;
    const samples = yield* countEach(questions, ({ samples }) => samples.slice(0, plan.reviewed), supervision);
    reviews.push(yield* summarise(samples, 'samples', supervision, plan));
  }
  return reviews;
}

function* countEach(
  questions: readonly Scored[],
  drawsOf: (question: Scored) => Draw[],
  supervision: Supervised,
): Generator<void, Counts[]> {
  const counts: Counts[] = [];
  for (const [index, question] of questions.entries()) {
    if (index % 64 === 0) yield;
    counts.push(countsOf(drawsOf(question), supervision));
  }
  return counts;
}

/** Answers before and after count where all those of the question are known: the ones that a run came to first are easier or harder. */
function countsOf(draws: readonly Draw[], supervision: Supervised): Counts {
  const answers = draws.map((draw) => answerUnder(draw, supervision));
  const isKnown = !answers.includes(null);
  const counts = countCritiques(
    draws.map((draw, place): Reviewed => {
      const answer = answers[place];
      return {
        outcome: draw.outcome,
        verdict: critiqueUnder(draw, supervision)?.verdict ?? null,
        refined: answer?.refinement?.outcome ?? null,
        final: isKnown ? answer!.text.outcome : null,
      };
    }),
  );
  return {
    ...counts,
    before: rateOf(isKnown ? draws : []),
    after: counts.accuracy,
    firstWrongStep: countFirstWrongSteps(draws, supervision),
  };
}

function countFirstWrongSteps(draws: readonly Draw[], supervision: Supervised): PassRate {
  const named = draws.flatMap((draw) => {
    const critique = critiqueUnder(draw, supervision);
    if (!isIncorrectOutcome(draw.outcome) || draw.firstWrongStep === null) return [];
    return critique && critique.verdict !== 'unparsed' ? [critique.firstWrongStep === draw.firstWrongStep] : [];
  });
  return { correct: named.filter(Boolean).length, total: named.length };
}

function* summarise(
  counts: readonly Counts[],
  on: ReviewSummary['on'],
  { reviewer, gate }: Supervised,
  { seed }: Plan,
): Generator<void, ReviewSummary> {
  const sum = (count: (counts: Counts) => number) => counts.reduce((total, each) => total + count(each), 0);
  const share = (part: (counts: Counts) => PassRate): Mean =>
    on === 'samples'
      ? clusteredAccuracy(counts.map(part), seed)
      : proportion(
          sum((each) => part(each).correct),
          sum((each) => part(each).total),
        );

  const shares = {} as Record<(typeof SHARES)[number], Mean>;
  for (const name of SHARES) {
    shares[name] = share(({ [name]: rate }) => rate);
    yield;
  }
  const verdicts = {
    correct: sum(({ verdicts }) => verdicts.correct),
    wrong: sum(({ verdicts }) => verdicts.wrong),
    unparsed: sum(({ verdicts }) => verdicts.unparsed),
  };
  return {
    reviewer,
    gate,
    on,
    critiques: verdicts.correct + verdicts.wrong + verdicts.unparsed,
    verdicts,
    ...shares,
    difference: on === 'samples' ? pairShares(counts, seed) : pairOutcomes(counts),
    transitions: {
      c2c: sum(({ transitions }) => transitions.c2c),
      c2i: sum(({ transitions }) => transitions.c2i),
      i2c: sum(({ transitions }) => transitions.i2c),
      i2i: sum(({ transitions }) => transitions.i2i),
    },
  };
}

function pairOutcomes(counts: readonly Counts[]): Difference {
  const pairs = counts.flatMap(({ pairs }) => pairs);
  return pairedDifference(
    pairs.map(({ before }) => before),
    pairs.map(({ after }) => after),
  );
}

/** One pair per question: the shares of its responses that are right, before and after. */
function pairShares(counts: readonly Counts[], seed: number): Difference {
  const paired = counts.flatMap(({ pairs }) => (pairs.length > 0 ? [pairs] : []));
  return pairedScores(
    paired.map((pairs) => pairs.filter(({ before }) => before).length / pairs.length),
    paired.map((pairs) => pairs.filter(({ after }) => after).length / pairs.length),
    seed,
  );
}
