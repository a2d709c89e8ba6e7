import type { AnswerFormat } from '../rows.ts';

/** What every response opens with. A text prompt ends in it, so that the model goes on from there. */
export const PRIMER = "Let's break it down step by step:\n\n";

/** What a self-talk opens with, in its place. */
export const SELF_TALK_PRIMER = "Let's think deeply about the question.\n\n";

/** What asks for a self-talk where no primer can. */
export const SELF_TALK_REQUEST =
  'Think aloud: check each step as you write it, and where it is wrong say so and write it again.';

/** Ends a turn in the base templates; the released data spells it out between two turns. */
export const END_OF_TEXT = '<|end_of_text|>';

export const ANSWER_REQUEST: Record<AnswerFormat, string> = {
  plain: "Please also give your final number in the format of 'The answer is [your answer].'",
  boxed: "Please also give your final number in the format of 'The answer is $\\boxed{[your answer]}$.'",
};

export const REFINE_REQUEST =
  'I have made a step-by-step critic for your solution. Please read the following critic and use this critic as a reference to provide a new detailed, step-by-step solution, including all reasoning and intermediate steps.';

/** What the reference asks Llama-3 Instruct instead (method.md G3). */
export const SHORT_REFINE_REQUEST =
  'I have made a step-by-step critic for your solution. Please read the following critic and generate a new answer to correct your solution.';

export const CRITIQUE_REQUEST =
  'The following is a math problem and a solution, one step a line. Check each step: repeat it, say whether it is correct, and explain why. Then judge the final answer.';

/** The marker lines of a critique, as in the released data (method.md B2). */
export const CRITIQUE_MARKERS = {
  step: 'Step sentence: ',
  label: 'Correctness of the step: ',
  explanation: 'Explanation: ',
  verdict: 'Correctness of the final answer: ',
} as const;

const { step, label, explanation, verdict } = CRITIQUE_MARKERS;

/** For critics that may not have been trained on the format. */
export const CRITIQUE_REQUEST_WITH_FORMAT = [
  `${CRITIQUE_REQUEST} Use exactly this format:`,
  '',
  `${step}[the step]`,
  `${label}[Correct or Wrong]`,
  `${explanation}[why]`,
  '(and so on for every step)',
  `${verdict}[Correct or Wrong]`,
  `${explanation}[why]`,
].join('\n');
