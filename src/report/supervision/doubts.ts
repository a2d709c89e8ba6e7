import type { ReviewSummary } from '../../method/supervision/summary.ts';
import { oneSided } from '../../method/warnings.ts';
import { count, percent } from '../format.ts';
import { isNotable, total, unjudged } from '../outcomes.ts';
import type { SupervisionReport } from './data.ts';
import { REVIEWERS } from './names.ts';

/** What a reader must know before believing the numbers: one sentence for each thing that went wrong. */
export function warnings({ warnings, outcomes, summary }: SupervisionReport): string[] {
  // Gates differ in what they have critiqued: the most tells best.
  const critiques = summary.reviews.toSorted((a, b) => b.critiques - a.critiques);
  const first = (review: ReviewSummary, place: number) =>
    critiques.findIndex(({ reviewer, on }) => reviewer === review.reviewer && on === review.on) === place;
  const shares = [
    ...outcomes.flatMap(({ texts, outcomes }) => unjudged(texts, outcomes)),
    ...critiques.filter(first).map(({ reviewer, on, verdicts }) => ({
      name: `Critiques by ${REVIEWERS[reviewer]} of ${on === 'greedy' ? 'greedy responses' : 'samples'} without a verdict that could be read`,
      n: verdicts.unparsed,
      of: total(verdicts),
    })),
  ];
  const found = shares
    .filter(({ n, of }) => isNotable(n, of))
    .map(({ name, n, of }) => `${name}: ${percent(n / of)} (${count(n)} of ${count(of)}).`);
  const oneSidedOnes = critiques
    .filter(first)
    .flatMap(({ reviewer, discriminabilityOnRight, discriminabilityOnWrong }) =>
      oneSided(REVIEWERS[reviewer], discriminabilityOnRight, discriminabilityOnWrong),
    );
  return [...warnings, ...found, ...new Set(oneSidedOnes)];
}
