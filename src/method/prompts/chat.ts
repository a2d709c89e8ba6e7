import type { Question } from '../rows.ts';
import type { PromptFamily } from './family.ts';
import { ANSWER_REQUEST, CRITIQUE_MARKERS, CRITIQUE_REQUEST, PRIMER, REFINE_REQUEST } from './text.ts';

/** Instruct models: messages, to which the engine applies the model's own chat template. The model writes the primer itself if it wants one. */
export const chat: PromptFamily = {
  kind: 'messages',
  solve: (question) => [{ role: 'user', content: ask(question) }],
  critique: (question, response) => [
    {
      role: 'user',
      content: `${CRITIQUE_REQUEST} Use exactly this format:\n\n${FORMAT}\n\nQuestion: ${question.question}\n\nSolution:\n${response}`,
    },
  ],
  refine: (question, response, critique) => [
    { role: 'user', content: ask(question) },
    { role: 'assistant', content: `${PRIMER}${response}` },
    { role: 'user', content: `${REFINE_REQUEST} ${ANSWER_REQUEST[question.answerFormat]}\n\n${critique}` },
  ],
  stop: [],
};

const ask = (question: Question) => `${question.question} ${ANSWER_REQUEST[question.answerFormat]}`;

const { step, label, explanation, verdict } = CRITIQUE_MARKERS;
const FORMAT = [
  `${step}[the step]`,
  `${label}[Correct or Wrong]`,
  `${explanation}[why]`,
  '(and so on for every step)',
  `${verdict}[Correct or Wrong]`,
  `${explanation}[why]`,
].join('\n');
