import type { Generation, Grade, Outcome, Question } from '../rows.ts';
import { compareAnswers, type Equality } from './compare.ts';
import { extractAnswer } from './extract.ts';
import type { Policies } from './policies.ts';

const OUTCOMES: Record<Equality, Outcome> = {
  equal: 'correct',
  different: 'wrong',
  'unparsed-response': 'unparsed',
  'unparsed-reference': 'ungraded',
  timeout: 'ungraded',
};

/**
 * The oracle r(x, y): is the final answer the reference? A response that was cut off is judged by what it finished saying: an answer
 * complete before the cut counts, otherwise the outcome is `truncated`. A failure of the grader, a comparison that costs too much, or a
 * reference that it can't read, is `ungraded`, never `wrong`.
 */
export function gradeResponse(
  { text, finishReason }: Pick<Generation, 'text' | 'finishReason'>,
  question: Pick<Question, 'reference' | 'answerFormat'>,
  policies?: Policies,
): Grade {
  const tier = 'rules';
  const cut = finishReason === 'length' || finishReason === 'context_exceeded';
  try {
    const answer = extractAnswer(text, question.answerFormat, cut);
    if (answer === null) return { outcome: cut ? 'truncated' : 'unparsed', answer, rule: 'no answer', tier };
    const { outcome, rule } = compareAnswers(answer, question.reference, policies);
    return { outcome: OUTCOMES[outcome], answer, rule, tier };
  } catch (error) {
    return { outcome: 'ungraded', answer: null, rule: `the grader failed: ${String(error)}`, tier };
  }
}
