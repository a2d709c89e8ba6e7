import { isIncorrect } from './gates.ts';
import type { PromptFamilyName } from './prompts/index.ts';
import { digest } from './random.ts';
import { type Attempt, rowKey } from './rows.ts';
import { critiqueRow, type TrainingRow } from './sft.ts';

export interface CriticDataCounts {
  /** Critiques of incorrect responses that made a refinement right, each text once. */
  rows: number;
  /** Equal in question, response and critique to another. */
  duplicates: number;
  /** Of the rows: critiques that do not call the response wrong, so that the refinement was right in spite of them. */
  contradicting: number;
}

/**
 * What a critic can learn from its own successes (reference G6): the critiques whose refinements the oracle calls right. Takes refinements
 * in any order; holds the texts of those alone.
 */
export function startCriticData(family: PromptFamilyName): {
  refinement(row: Attempt): void;
  /** Ordered by question, sample and critique; each written when it is read. */
  finish(): { rows: Iterable<TrainingRow>; counts: CriticDataCounts };
} {
  const successes = new Map<string, Attempt>();
  return {
    refinement(row) {
      const { refinement, ...critiqued } = row;
      if (!row.critique || refinement?.grade.outcome !== 'correct' || !isIncorrect(row)) return;
      successes.set(rowKey(critiqued), critiqued);
    },
    finish() {
      const kept: Attempt[] = [];
      const seen = new Set<number>();
      for (const row of [...successes.values()].sort(byKey)) {
        const text = digest(JSON.stringify([row.question.id, row.response.text, row.critique!.text]));
        if (seen.size < seen.add(text).size) kept.push(row);
      }
      return {
        rows: { [Symbol.iterator]: () => written(kept, family) },
        counts: {
          rows: kept.length,
          duplicates: successes.size - kept.length,
          contradicting: kept.filter(({ critique }) => critique!.verdict !== 'wrong').length,
        },
      };
    },
  };
}

function* written(rows: readonly Attempt[], family: PromptFamilyName): Generator<TrainingRow> {
  for (const { question, response, critique } of rows)
    yield critiqueRow(family, question, response.text, critique!.text);
}

function byKey(a: Attempt, b: Attempt): number {
  if (a.question.id !== b.question.id) return a.question.id < b.question.id ? -1 : 1;
  return a.sample - b.sample || a.critique!.index - b.critique!.index;
}
