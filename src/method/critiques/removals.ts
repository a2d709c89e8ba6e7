import type { AnnotationProblem } from '../rows.ts';
import type { Filtered } from './filter.ts';

/**
 * Why a path is not annotated. not-flawed: meant to go wrong, but right in the end. unparsed, truncated, ungraded: its outcome.
 * duplicate: the same text as another path of its question. over-cap: more than were wanted. no-mistake: the writer of mistakes wrote none.
 */
export type PathRemoval =
  | 'no-mistake'
  | 'ungraded'
  | 'truncated'
  | 'unparsed'
  | 'not-flawed'
  | 'duplicate'
  | 'over-cap';

/** Why a critique is not kept. not-refined: no refinement of it could be graded. below-k: fewer than k of them are right. */
export type FilterRemoval = 'not-refined' | 'below-k';

/** Why a row went no further, and where. */
export type Removal =
  | { stage: 'path'; reason: PathRemoval }
  | { stage: 'annotation'; reason: AnnotationProblem }
  | { stage: 'filter'; reason: FilterRemoval };

export type RemovalStage = Removal['stage'];

/** All there are, in the order in which they are looked for. */
export const REMOVALS: readonly Removal[] = [
  ...(['no-mistake', 'ungraded', 'truncated', 'unparsed', 'not-flawed', 'duplicate', 'over-cap'] as const).map(
    (reason) => ({ stage: 'path', reason }) as const,
  ),
  ...(
    ['unavailable', 'rejected', 'failed', 'truncated', 'refused', 'off-format', 'leak', 'verdict', 'location'] as const
  ).map((reason) => ({ stage: 'annotation', reason }) as const),
  ...(['not-refined', 'below-k'] as const).map((reason) => ({ stage: 'filter', reason }) as const),
];

export function filterRemoval({ nRefine, keep }: Filtered): FilterRemoval | null {
  if (keep) return null;
  return nRefine === 0 ? 'not-refined' : 'below-k';
}
