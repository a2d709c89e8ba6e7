import type { PassRate } from './difficulty.ts';
import { isIncorrectOutcome } from './gates.ts';
import type { Outcome, Verdict } from './rows.ts';

/** A response with what a reviewer made of it. */
export interface Reviewed {
  outcome: Outcome;
  /** null: it was not critiqued. */
  verdict: Verdict | null;
  /** null: it was not refined. */
  refined: Outcome | null;
  /** Of what is answered in the end; null: not known. */
  final: Outcome | null;
}

/** Shares as counts, method.md D1: how many of `total` are right, or agree with the oracle. */
export interface CritiqueCounts {
  verdicts: Record<Verdict, number>;
  /** Of the answers in the end. */
  accuracy: PassRate;
  /** Before and after, of those graded in both. */
  pairs: { before: boolean; after: boolean }[];
  /** From the response to the answer in the end: correct or incorrect, before and after. */
  transitions: { c2c: number; c2i: number; i2c: number; i2i: number };
  /** Of the verdicts; critiques without one are in none of the three. */
  discriminability: PassRate;
  discriminabilityOnRight: PassRate;
  discriminabilityOnWrong: PassRate;
  /** The same with a critique without a verdict counted as a mistake. */
  strictDiscriminability: PassRate;
  /** Critiques without a verdict. */
  unparsable: PassRate;
  /** Refinements of incorrect responses that are right. */
  helpfulness: PassRate;
}

/** Counts what critiques and refinements made of responses. Ungraded texts are in no share; their critiques are among the verdicts. */
export function countCritiques(reviewed: readonly Reviewed[]): CritiqueCounts {
  const graded = reviewed.filter(({ outcome }) => outcome !== 'ungraded');
  const pairs = graded
    .filter(({ final }) => final !== null && final !== 'ungraded')
    .map(({ outcome, final }) => ({ before: outcome === 'correct', after: final === 'correct' }));
  const transitions = (before: boolean, after: boolean) =>
    pairs.filter((pair) => pair.before === before && pair.after === after).length;

  const critiqued = graded.filter(({ verdict }) => verdict !== null);
  const judged = critiqued.filter(({ verdict }) => verdict !== 'unparsed');
  const agrees = ({ outcome, verdict }: Reviewed) => verdictAgrees(outcome, verdict);
  const verdicts: Record<Verdict, number> = { correct: 0, wrong: 0, unparsed: 0 };
  for (const { verdict } of reviewed) if (verdict) verdicts[verdict]++;
  return {
    verdicts,
    accuracy: accuracyOf(reviewed.map(({ final }) => final)),
    pairs,
    transitions: {
      c2c: transitions(true, true),
      c2i: transitions(true, false),
      i2c: transitions(false, true),
      i2i: transitions(false, false),
    },
    discriminability: share(judged, agrees),
    discriminabilityOnRight: share(
      judged.filter(({ outcome }) => outcome === 'correct'),
      agrees,
    ),
    discriminabilityOnWrong: share(
      judged.filter(({ outcome }) => outcome !== 'correct'),
      agrees,
    ),
    strictDiscriminability: share(critiqued, agrees),
    unparsable: share(critiqued, ({ verdict }) => verdict === 'unparsed'),
    helpfulness: accuracyOf(reviewed.flatMap(({ outcome, refined }) => (isIncorrectOutcome(outcome) ? [refined] : []))),
  };
}

/** With the oracle. Without a verdict there is no agreement. */
export const verdictAgrees = (outcome: Outcome, verdict: Verdict | null): boolean =>
  verdict === (outcome === 'correct' ? 'correct' : 'wrong');

/** Of the graded ones. */
export function accuracyOf(outcomes: readonly (Outcome | null)[]): PassRate {
  return share(
    outcomes.filter((outcome) => outcome !== null && outcome !== 'ungraded'),
    (outcome) => outcome === 'correct',
  );
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): PassRate {
  return { correct: items.filter(holds).length, total: items.length };
}
