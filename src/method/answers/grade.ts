import type { Generation, Grade, Outcome, Question } from '../rows.ts';
import { type Comparison, compareAnswers, type Equality } from './compare.ts';
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
 * reference that it can't read, is `ungraded`, never `wrong`; so is a text that the engine did not come to write.
 */
export function gradeResponse(
  { text, finishReason }: Pick<Generation, 'text' | 'finishReason'>,
  question: Pick<Question, 'reference' | 'answerFormat'>,
  policies?: Policies,
): Grade {
  const tier = 'rules';
  if (finishReason === 'failed' || finishReason === 'unavailable')
    return { outcome: 'ungraded', answer: null, rule: 'the engine gave no text', tier };
  const cut = finishReason === 'length' || finishReason === 'context_exceeded';
  try {
    const { answer, outcome, rule } = compareResponse(text, question, policies, cut);
    return { outcome: answer === null && cut ? 'truncated' : OUTCOMES[outcome], answer, rule, tier };
  } catch (error) {
    return { outcome: 'ungraded', answer: null, rule: `the grader failed: ${String(error)}`, tier };
  }
}

/** How the answer that a whole text states compares; null where it states none. */
export interface Reading extends Comparison {
  answer: string | null;
}

/** @param cut whether the text was cut off, so that its end states nothing */
export function compareResponse(
  text: string,
  { reference, answerFormat }: Pick<Question, 'reference' | 'answerFormat'>,
  policies?: Policies,
  cut = false,
): Reading {
  const answer = extractAnswer(text, answerFormat, cut);
  if (answer === null) return { outcome: 'unparsed-response', rule: 'no answer', answer };
  return { ...compareAnswers(answer, reference, policies), answer };
}
