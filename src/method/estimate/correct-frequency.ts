import type { PassRate } from '../difficulty.ts';
import { type Mean, meanScore } from './mean.ts';
import { type Proportion, proportion } from './proportion.ts';

/** Why voting helps (method.md D8): how often each question is answered right, and what the vote makes of it. */
export interface FrequencyReport {
  /** Mean over questions of the share of their samples that are right. */
  meanFrequency: Mean;
  /** Share of questions that the vote does not answer right; a tie is lost in part. */
  lostByVote: Mean;
  /** Share of questions without a right sample. */
  neverSolved: Proportion;
  /** The share of right samples of every question, the highest first. */
  curve: number[];
}

/**
 * `vote` is the question's `voteScore` or maj@k. Questions without a graded sample are left out. Throws RangeError for a vote or a share
 * outside 0 to 1.
 */
export function reportFrequencies(questions: readonly (PassRate & { vote: number })[], seed: number): FrequencyReport {
  const graded = questions.filter(({ total }) => total > 0);
  const frequencies = graded.map(({ correct, total }) => correct / total);
  return {
    meanFrequency: meanScore(frequencies, seed),
    lostByVote: meanScore(
      graded.map(({ vote }) => 1 - vote),
      seed,
    ),
    neverSolved: proportion(frequencies.filter((frequency) => frequency === 0).length, graded.length),
    curve: frequencies.toSorted((a, b) => b - a),
  };
}
