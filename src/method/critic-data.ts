import type { ExploredQuestion } from './exploration.ts';
import { isIncorrect } from './gates.ts';
import type { PromptFamilyName } from './prompts/index.ts';
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

/** What a critic can learn from its own successes (reference G6): the critiques whose refinements the oracle calls right. */
export function startCriticData(family: PromptFamilyName): {
  counts: CriticDataCounts;
  /** What one question gives, ordered by sample and critique. */
  question(rows: Pick<ExploredQuestion, 'refinements'>): TrainingRow[];
} {
  const counts: CriticDataCounts = { rows: 0, duplicates: 0, contradicting: 0 };
  return {
    counts,
    question({ refinements }) {
      const successes = new Map<string, Attempt>();
      for (const row of refinements) {
        const { refinement, ...critiqued } = row;
        if (row.critique && refinement?.grade.outcome === 'correct' && isIncorrect(row))
          successes.set(rowKey(critiqued), critiqued);
      }
      const kept = new Map<string, Attempt>();
      for (const row of [...successes.values()].sort(byKey)) {
        const text = JSON.stringify([row.response.text, row.critique!.text]);
        if (!kept.has(text)) kept.set(text, row);
      }
      counts.rows += kept.size;
      counts.duplicates += successes.size - kept.size;
      return [...kept.values()].map(({ question, response, critique }) => {
        if (critique!.verdict !== 'wrong') counts.contradicting++;
        return critiqueRow(family, question, response.text, critique!.text);
      });
    },
  };
}

const byKey = (a: Attempt, b: Attempt) => a.sample - b.sample || a.critique!.index - b.critique!.index;
