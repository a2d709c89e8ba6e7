import type { Diversity } from '../diversity.ts';
import type { Difference } from '../estimate.ts';
import { compareEvaluations, type EvaluationSummary, type QuestionResult } from '../evaluation.ts';
import type { SelectionCounts } from '../select.ts';
import type { Evidence, Explored, IterationEvidence } from './evidence.ts';

/** What one iteration of self-improvement left. null: it did not get that far. */
export interface IterationRecord {
  iteration: number;
  counts: SelectionCounts | null;
  diversity: Diversity | null;
  evaluation: EvaluationSummary | null;
  /** Its answers to the test questions. */
  results: readonly QuestionResult[] | null;
}

/** The iterations of one run, each against those before it. */
export function iterationsOf(records: readonly IterationRecord[]): IterationEvidence[] {
  const first = records.find(({ iteration }) => iteration === 1);
  return records.map((record, place) => ({
    iteration: record.iteration,
    accuracy: record.evaluation?.accuracy ?? null,
    accuracyWithCritic: record.evaluation?.critic?.accuracy ?? null,
    overPrevious: over(records[place - 1], record),
    overFirst: record.iteration > 1 ? over(first, record) : null,
    explored: exploredBy(record),
  }));
}

/** The loop minus vanilla, for each iteration that both have. */
export function loopOverVanilla(
  loop: readonly IterationRecord[],
  vanilla: readonly IterationRecord[],
): Evidence['loopOverVanilla'] {
  return loop.flatMap((record) => {
    const difference = over(
      vanilla.find(({ iteration }) => iteration === record.iteration),
      record,
    );
    return difference ? [{ iteration: record.iteration, difference }] : [];
  });
}

function over(before: IterationRecord | undefined, after: IterationRecord): Difference | null {
  if (!before?.results || !after.results) return null;
  const difference = compareEvaluations(before.results, after.results);
  return difference.n === 0 ? null : difference;
}

function exploredBy({ counts, diversity }: IterationRecord): Explored | null {
  if (!counts || !diversity) return null;
  const { accepted, duplicates, overCap, shortcuts } = counts;
  return { diversity, accepted, removed: { duplicates, overCap, shortcuts } };
}
