import type { FinishReason, Outcome, Verdict } from './rows.ts';

/** What becomes of a text that is not written to its end and read. */
export type OddOutcome =
  | 'truncated'
  | 'contextExceeded'
  | 'rejected'
  | 'failed'
  | 'unavailable'
  | 'unparsed'
  | 'ungraded';

/** How many texts came to each; only what is not 0. */
export type OddCounts = Partial<Record<OddOutcome, number>>;

const ODD_ENDS: Record<FinishReason, OddOutcome | null> = {
  stop: null,
  length: 'truncated',
  context_exceeded: 'contextExceeded',
  rejected: 'rejected',
  failed: 'failed',
  unavailable: 'unavailable',
};

/** Each text counts once: by how it ended, else by how it was read. @param read undefined where nobody reads it */
export function oddOutcome(finishReason: FinishReason, read: Outcome | Verdict | undefined): OddOutcome | null {
  const odd = ODD_ENDS[finishReason];
  if (odd) return odd;
  return read === 'unparsed' || read === 'ungraded' ? read : null;
}

export function addOdd(counts: OddCounts, more: OddCounts): void {
  for (const [outcome, count] of Object.entries(more) as [OddOutcome, number][])
    counts[outcome] = (counts[outcome] ?? 0) + count;
}
