import type { PassRate } from '../difficulty.ts';
import type { Voter } from '../vote.ts';
import { answerUnder, type Supervision } from './answer.ts';
import type { Plan, Scored, ScoredText } from './scored.ts';
import { type Spending, spend, spendingOf, spendNothing } from './spending.ts';

/** What the samples of a question come to. */
export interface Sampled {
  /** The graded ones. */
  voters: Voter[];
  rate: PassRate;
  /** Of one sample, on average. */
  spending: Spending;
}

/**
 * The samples of a question, response only all N of them, else the first K. null where there are none, and where the answer of one is
 * unknown: which ones a run came to before it ended depends on whether they are right, so that the others would not stand for all.
 */
export function sampledUnder(question: Scored, supervision: Supervision, plan: Plan): Sampled | null {
  const draws = question.samples.slice(0, supervision ? plan.reviewed : plan.samples);
  const texts: ScoredText[] = [];
  const spending = spendNothing();
  for (const draw of draws) {
    const answer = answerUnder(draw, supervision);
    if (!answer) return null;
    texts.push(answer.text);
    spend(spending, answer);
  }
  if (texts.length === 0) return null;
  return {
    voters: votersAmong(texts, question),
    rate: rateOf(texts),
    spending: spendingOf([spending], 1 / texts.length),
  };
}

/** The texts that were graded, in order. */
export function votersAmong(texts: readonly ScoredText[], { classes }: Scored): Voter[] {
  return texts.filter(isGraded).map(({ class: id }) => ({ class: id, right: id !== null && classes[id]!, weight: 1 }));
}

export function rateOf(texts: readonly ScoredText[]): PassRate {
  const graded = texts.filter(isGraded);
  return { correct: graded.filter(({ outcome }) => outcome === 'correct').length, total: graded.length };
}

const isGraded = ({ outcome }: ScoredText) => outcome !== 'ungraded';
