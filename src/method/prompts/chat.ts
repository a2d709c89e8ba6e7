import type { MessagesFamily } from './family.ts';
import { CRITIQUE_REQUEST_WITH_FORMAT, PRIMER, REFINE_REQUEST, SELF_TALK_REQUEST } from './text.ts';
import { critiqueTurn, refineTurn, solveTurn } from './turns.ts';

/** Any instruct model, by its own chat template. It writes the primer itself, once it is trained to. */
export const chat: MessagesFamily = {
  kind: 'messages',
  solve: (question) => [{ role: 'user', content: solveTurn(question) }],
  selfTalk: (question) => [{ role: 'user', content: `${solveTurn(question)} ${SELF_TALK_REQUEST}` }],
  critique: (question, response) => [
    { role: 'user', content: critiqueTurn(CRITIQUE_REQUEST_WITH_FORMAT, question, response) },
  ],
  critiqueTurn: (question, response) => critiqueTurn(CRITIQUE_REQUEST_WITH_FORMAT, question, response),
  refine: (question, response, critique) => [
    { role: 'user', content: solveTurn(question) },
    { role: 'assistant', content: `${PRIMER}${response}` },
    { role: 'user', content: refineTurn(REFINE_REQUEST, question, critique) },
  ],
  stop: [],
};
