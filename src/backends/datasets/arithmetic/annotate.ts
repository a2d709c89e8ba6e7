import { stripPrimer } from '../../../method/prompts/index.ts';
import { CRITIQUE_MARKERS } from '../../../method/prompts/text.ts';
import type { Question } from '../../../method/rows.ts';
import { apply, equation, findEquation, type Step } from './chain.ts';
import { solutionSteps } from './flaw.ts';

const { step: STEP, label: LABEL, explanation: EXPLANATION, verdict: VERDICT } = CRITIQUE_MARKERS;

/**
 * The exact critique of any text that answers a question of this world: it stands in for the strong model that annotates (method.md B2).
 * Every step is recomputed from the question before it is labelled (explanation first): where the label comes first, small critics
 * learn to guess it, and where a right step is explained by its own equation, they learn to copy mistakes. A step is correct
 * when its equation holds and gives what that step of the problem gives; what follows from a mistake is wrong as well.
 */
export function annotate(question: Question, response: string): string {
  const steps = solutionSteps(question);
  const lines = stripPrimer(response)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const sentences = lines.filter((line) => !line.includes(ANSWER));
  const blocks = sentences.map((sentence, i) => {
    const explanation = steps[i] ? `This step gives ${equation(steps[i])}.` : 'There is no such step.';
    return `${EXPLANATION}${explanation}\n${STEP}${sentence}\n${LABEL}${label(isRight(sentence, steps[i]))}\n`;
  });
  const missing = steps.slice(sentences.length).map((step) => `Still to do is ${equation(step)}. `);
  const conclusion = `${EXPLANATION}${missing.join('')}The result is ${question.reference}.\n`;
  return `${blocks.join('')}${conclusion}${VERDICT}${label(answerIn(lines) === question.reference)}`;
}

const ANSWER = 'The answer is';

const label = (right: boolean) => (right ? 'Correct' : 'Wrong');

function isRight(sentence: string, expected: Step | undefined): boolean {
  const found = findEquation(sentence);
  if (!found || !expected) return false;
  return found.after === expected.after && apply(found.before, found.operation, found.operand) === found.after;
}

const answerIn = (lines: readonly string[]): string | undefined =>
  lines
    .filter((line) => line.includes(ANSWER))
    .at(-1)
    ?.match(/The answer is (-?\d+)/)?.[1];
