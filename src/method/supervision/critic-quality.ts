import { verdictAgrees } from '../critique-counts.ts';
import type { Scored } from './scored.ts';
import type { ReviewSummary, SupervisionSummary } from './summary.ts';

/** What the critic's critiques of the greedy responses are worth (method.md D1), under the first of the run's gates. */
export type CriticQuality = Pick<
  ReviewSummary,
  | 'gate'
  | 'critiques'
  | 'discriminability'
  | 'discriminabilityOnRight'
  | 'discriminabilityOnWrong'
  | 'unparsable'
  | 'helpfulness'
>;

/** null: no critic was measured. */
export function criticQuality({ reviews }: Pick<SupervisionSummary, 'reviews'>): CriticQuality | null {
  const review = reviews.find(({ reviewer, on }) => reviewer === 'critic' && on === 'greedy');
  if (!review) return null;
  const { gate, critiques, discriminability, discriminabilityOnRight, discriminabilityOnWrong } = review;
  const { unparsable, helpfulness } = review;
  return {
    gate,
    critiques,
    discriminability,
    discriminabilityOnRight,
    discriminabilityOnWrong,
    unparsable,
    helpfulness,
  };
}

/**
 * Whether the critic's verdict on a question's greedy response agrees with the oracle. A critique without a verdict does not, so that
 * each critique counts and two critics can be paired. null: there is no critique, or no judgement by the oracle.
 */
export function agrees({ greedy }: Pick<Scored, 'greedy'>): boolean | null {
  const review = greedy?.reviews.critic;
  if (!greedy || !review || greedy.unfinished?.includes('critic') || greedy.outcome === 'ungraded') return null;
  return verdictAgrees(greedy.outcome, review.verdict);
}

/** Whether a question's greedy response is right; null where nobody knows. */
export function isRight({ greedy }: Pick<Scored, 'greedy'>): boolean | null {
  return !greedy || greedy.outcome === 'ungraded' ? null : greedy.outcome === 'correct';
}
