import type { Removal } from '../../method/critiques/removals.ts';
import type { PathStrategy } from '../../method/rows.ts';

export const STRATEGY_WORDS: Record<PathStrategy, string> = {
  RG1: 'RG1, sampled from scratch',
  RG2: 'RG2, continued at a raised temperature',
  RG3: 'RG3, continued from a planted mistake',
  right: 'right, sampled from scratch',
};

const REASONS: { [S in Removal['stage']]: Record<Extract<Removal, { stage: S }>['reason'], string> } = {
  path: {
    'no-mistake': 'no mistake was written to continue from',
    ungraded: 'the oracle failed on it',
    truncated: 'cut off before an answer',
    unparsed: 'no answer in it',
    'not-flawed': 'meant to go wrong, but right in the end',
    duplicate: 'the same text as another path of its question',
    'over-cap': 'more than were asked for',
  },
  annotation: {
    unavailable: 'the annotator did not answer in time',
    rejected: 'its server refused the prompt',
    failed: 'its server failed at the prompt again and again',
    refused: 'the annotator declined',
    truncated: 'cut off',
    'off-format': 'not in the format of critiques',
    leak: 'speaks of the reference, which a critic will not have',
    verdict: 'contradicts the oracle on the final answer',
    location: 'finds the first mistake where none can be',
  },
  filter: {
    'not-refined': 'no refinement with it could be graded',
    'below-k': 'too few refinements with it are right',
  },
};

/** A reason in words. */
export const reasonWords = ({ stage, reason }: Removal): string => (REASONS[stage] as Record<string, string>)[reason]!;
