import type { Message } from '../prompts/index.ts';
import type { PathPlan } from './plan-paths.ts';
import { isRefusal } from './refusal.ts';
import { isAnswerLine } from './steps.ts';

/** What a model is asked that writes the mistake of a plan (RG3, method.md B1). @param description of the kind of mistake, in words */
export function mistakePrompt(
  { question, prefix, nextStep }: Pick<PathPlan, 'question' | 'prefix' | 'nextStep'>,
  description: string,
): Message[] {
  const content = `You help to make exercises in which students look for a mistake. Below are a math problem, the first steps of a right solution, and its next step. Write that next step again, with one mistake in it of this kind: ${description}.

Write it as somebody who does not notice: one line, in the style of the other steps, which does not say that anything is wrong and does not go on to later steps. What it leads to has to differ from the right step. Answer with that line only.

Question: ${question.question}

Solution so far:
${prefix || '(nothing yet)'}

The right next step:
${nextStep}`;
  return [{ role: 'user', content }];
}

const END_OF_THOUGHTS = '</think>';
const FENCE = /^\W*$|^```/;
const LABEL =
  /^(?:[-*>#•]+\s*)*[*_]{0,2}(?:(?:the |a )?(?:(?:next|flawed|wrong|incorrect|mistaken|erroneous|new|step|line|answer)[ -]?)+(?: with (?:the|a|one) mistake)?|step \d{1,3})[*_]{0,2}\s*:[*_]{0,2}\s*/i;
const QUOTES = /^(["'“”‘’`*_]{1,3})(.*?)["'“”‘’`*_]{1,3}$/;

/** The step with the mistake in what the model wrote; null where it wrote none: nothing, a refusal, an answer, or the right step. */
export function readMistake(text: string, { nextStep }: Pick<PathPlan, 'nextStep'>): string | null {
  const answer = text.split(END_OF_THOUGHTS).at(-1)!;
  if (isRefusal(answer)) return null;
  const step = answer
    .split('\n')
    .map(bare)
    .find((line) => line !== '' && !line.endsWith(':'));
  if (step === undefined || isAnswerLine(step) || wordsOf(step) === wordsOf(nextStep)) return null;
  return step;
}

/** A line without a label, quotes or emphasis around it; '' for a fence. */
function bare(line: string): string {
  const trimmed = line.trim();
  if (FENCE.test(trimmed)) return '';
  return trimmed
    .replace(LABEL, '')
    .replace(/^[-*>•]\s+/, '')
    .replace(QUOTES, '$2')
    .trim();
}

const wordsOf = (line: string) => line.replaceAll(/\s+/g, '').replace(/\.$/, '').toLowerCase();
