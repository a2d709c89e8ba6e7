import type { Question } from '../rows.ts';
import type { PromptFamily } from './family.ts';
import { ANSWER_REQUEST, CRITIQUE_REQUEST, END_OF_TEXT, PRIMER, REFINE_REQUEST } from './text.ts';

/**
 * Base models: the `default` template of LLaMA-Factory (`Human:` and `Assistant:` turns), as the released data has it (method.md C3, G3).
 * No beginning-of-text token is written: the engine's tokenizer adds its own where the model has one.
 */
export const base: PromptFamily = {
  kind: 'text',
  solve: (question) => `Human: ${ask(question)}\n\nAssistant:${PRIMER}`,
  critique: (question, response) =>
    `Human: ${CRITIQUE_REQUEST}\n\nQuestion: ${question.question}\n\nSolution:\n${response}\n\nAssistant:`,
  refine: (question, response, critique) =>
    `Human: ${ask(question)}\n\nAssistant:${PRIMER}${response}\n${END_OF_TEXT}\n` +
    `Human: ${REFINE_REQUEST} ${ANSWER_REQUEST[question.answerFormat]}\n\n${critique}\n\nAssistant:${PRIMER}`,
  /** Anchored to a line: bare words would cut "Humanities" or "Assistant manager" out of a solution (method.md H15). */
  stop: [END_OF_TEXT, '</s>', '\nHuman:', '\nAssistant:'],
};

const ask = (question: Question) => `${question.question} ${ANSWER_REQUEST[question.answerFormat]}`;
