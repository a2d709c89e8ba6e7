import { CRITIQUE_REQUEST, END_OF_TEXT, REFINE_REQUEST } from './text.ts';
import { textFamily } from './text-family.ts';

/**
 * Where a base model goes on with a next question instead of ending its turn. Only a whole paragraph of a new turn: shorter ones would
 * cut "Humanities", "Assistant manager" or a table with a row "Human: 2 legs" out of a solution (method.md H15).
 */
const NEXT_QUESTION = '\n\nHuman: ';

const turns = { critiqueRequest: CRITIQUE_REQUEST, refineRequest: REFINE_REQUEST, endOfTurn: '' };

/** Base models: the `default` template of LLaMA-Factory (`Human:` and `Assistant:` turns), as the released data has it (method.md C3, G3). */
export const base = textFamily({
  ...turns,
  ask: (turn) => `Human: ${turn}\n\nAssistant:`,
  betweenTurns: `\n${END_OF_TEXT}\n`,
  stop: [END_OF_TEXT, '</s>', NEXT_QUESTION],
});

/** Llama-2 base: its end of sequence, and a space where its tokenizer would otherwise see another word. */
export const llama2Base = textFamily({
  ...turns,
  ask: (turn) => `Human: ${turn}\n\nAssistant:`,
  beforePrimer: ' ',
  betweenTurns: '\n</s>\n',
  stop: ['</s>', NEXT_QUESTION],
});
