import type { TextFamily } from './family.ts';
import { PRIMER, SELF_TALK_PRIMER } from './text.ts';
import { critiqueTurn, refineTurn, solveTurn } from './turns.ts';

/** What a text template puts around the turns of a conversation. */
export interface Template {
  /** A user's turn, to where the assistant begins to write. */
  ask(turn: string): string;
  /** Between that and the primer. */
  beforePrimer?: string;
  /** From the end of an assistant's text to the user's next turn. */
  betweenTurns: string;
  critiqueRequest: string;
  refineRequest: string;
  stop: readonly string[];
  endOfTurn: string;
}

export function textFamily(template: Template): TextFamily {
  const { ask, betweenTurns, critiqueRequest, refineRequest, stop, endOfTurn } = template;
  const { beforePrimer = '' } = template;
  const primer = `${beforePrimer}${PRIMER}`;
  return {
    kind: 'text',
    solve: (question) => `${ask(solveTurn(question))}${primer}`,
    selfTalk: (question) => `${ask(solveTurn(question))}${beforePrimer}${SELF_TALK_PRIMER}`,
    critique: (question, response) => ask(critiqueTurn(critiqueRequest, question, response)),
    critiqueTurn: (question, response) => critiqueTurn(critiqueRequest, question, response),
    refine: (question, response, critique) =>
      `${ask(solveTurn(question))}${primer}${response}${betweenTurns}` +
      `${ask(refineTurn(refineRequest, question, critique))}${primer}`,
    stop,
    endOfTurn,
  };
}
