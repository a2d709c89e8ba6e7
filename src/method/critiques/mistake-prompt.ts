import type { Message } from '../prompts/index.ts';
import type { PathPlan } from './plan-paths.ts';
import { concluded, isRefusal } from './refusal.ts';
import { isAnswerLine } from './steps.ts';

/** What a model is asked that writes the mistake of a plan (RG3, method.md B1). @param description of the kind of mistake, in words */
export function mistakePrompt(
  { question, prefix, nextStep }: Pick<PathPlan, 'question' | 'prefix' | 'nextStep'>,
  description: string,
): Message[] {
  const content = `You help to make exercises in which students look for a mistake. Below are a math problem, the first steps of a right solution, and its next step. Write that next step again with one mistake of this kind in it: ${description}.

Write it as somebody who does not notice: one line, in the style of the other steps, that does not say that anything is wrong and does not go on to later steps. It has to lead to something other than the right step does. Answer with that line only.

Question: ${question.question}

Solution so far:
${prefix || '(nothing yet)'}

The right next step:
${nextStep}`;
  return [{ role: 'user', content }];
}

/** The step with the mistake in what the model wrote; null where it wrote none: nothing, a refusal, an answer, or the right step. */
export function readMistake(text: string, { nextStep }: Pick<PathPlan, 'nextStep'>): string | null {
  if (isRefusal(text)) return null;
  const lines = concluded(text).split('\n').map(bare);
  const step = lines.find((line) => line !== '' && !line.endsWith(':'));
  if (step === undefined || isAnswerLine(step) || essence(step) === essence(nextStep)) return null;
  return step;
}

/** The step with the mistake that a plan goes on from; null where none was written, or not to its end. */
export function plantedStep(plan: Pick<PathPlan, 'nextStep' | 'written'>): string | null {
  return plan.written?.finishReason === 'stop' ? readMistake(plan.written.text, plan) : null;
}

const FENCE = /^`{3,}\w*$/;
const BULLET = /^[-*>•]\s+/;
const LABEL =
  /^[*_]{0,2}(?:(?:the )?(?:(?:next|flawed|wrong|incorrect|mistaken|new) )*(?:step|line|answer)(?: \d{1,3})?(?: with (?:the|a|one) mistake)?)[*_]{0,2}\s*:[*_]{0,2}\s*/i;
const QUOTED = /^(["'“`]|\*\*)(.*)(?:["'”`]|\*\*)$/;

/** A line without what stands around its words. */
const bare = (line: string) =>
  line.trim().replace(FENCE, '').replace(BULLET, '').replace(LABEL, '').replace(QUOTED, '$2').trim();

const essence = (line: string) => line.replaceAll(/\s+/g, '').replace(/\.$/, '').toLowerCase();
