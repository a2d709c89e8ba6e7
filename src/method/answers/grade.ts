import type { Generation, Grade, Question } from '../rows.ts';
import { compareAnswers } from './compare.ts';
import { extractAnswer } from './extract.ts';

/**
 * The oracle r(x, y): is the final answer the reference? A response that was cut off is judged by what it finished saying: an answer
 * complete before the cut counts, otherwise the outcome is `truncated`. A failure of the grader, or a reference that it can't read, is
 * `ungraded`, never `wrong`.
 */
export function gradeResponse(
  { text, finishReason }: Pick<Generation, 'text' | 'finishReason'>,
  question: Pick<Question, 'reference' | 'answerFormat'>,
): Grade {
  const cut = finishReason === 'length' || finishReason === 'context_exceeded';
  try {
    const answer = extractAnswer(cut ? finishedPart(text) : text, question.answerFormat);
    if (answer === null) return { outcome: cut ? 'truncated' : 'unparsed', answer };

    const { outcome, rule } = compareAnswers(answer, question.reference);
    if (outcome === 'unparsed') return { outcome: rule.startsWith('reference') ? 'ungraded' : 'unparsed', answer };
    return { outcome: outcome === 'equal' ? 'correct' : 'wrong', answer };
  } catch {
    return { outcome: 'ungraded', answer: null };
  }
}

/** Up to the last end of a sentence, line or group: "The answer is 1" may have been going to be 18. */
function finishedPart(text: string): string {
  const last = [...text.matchAll(/[!?}\n]|\.(?=\s|$)/g)].at(-1);
  return last ? text.slice(0, last.index + 1) : '';
}
