import { problemOf, type TalkRemoval, type TalkRow } from './verify.ts';

/**
 * Decides row by row what is trained on: rows of one question come one after the other. Of those with nothing against them the first are
 * kept, so that no kind of chain is preferred.
 */
export function startTalkSelection({ perQuestion }: { perQuestion: number }): (row: TalkRow) => TalkRemoval | null {
  let question: string | null = null;
  const kept = new Set<string>();
  return (row) => {
    if (row.question.id !== question) {
      question = row.question.id;
      kept.clear();
    }
    const problem = problemOf(row);
    if (problem) return problem;
    const { text } = row.talk!;
    if (kept.has(text)) return 'duplicate';
    if (kept.size >= perQuestion) return 'over-cap';
    kept.add(text);
    return null;
  };
}
