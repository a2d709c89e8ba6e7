import { CRITIQUE_REQUEST_WITH_FORMAT, END_OF_TEXT, REFINE_REQUEST, SHORT_REFINE_REQUEST } from './text.ts';
import { textFamily } from './text-family.ts';

// Chat formats spelled out as text, so that a response can be made to begin with the primer. Without a system turn.

const EOT = '<|eot_id|>';
const header = (role: 'user' | 'assistant') => `<|start_header_id|>${role}<|end_header_id|>\n\n`;

export const llama3Instruct = textFamily({
  ask: (turn) => `${header('user')}${turn}${EOT}${header('assistant')}`,
  betweenTurns: EOT,
  critiqueRequest: CRITIQUE_REQUEST_WITH_FORMAT,
  refineRequest: SHORT_REFINE_REQUEST,
  stop: [EOT, END_OF_TEXT],
  endOfTurn: EOT,
});

/** Each user turn of Llama-2 chat is a sequence of its own: the tokenizer begins the first one, the second is begun here. */
export const llama2Chat = textFamily({
  ask: (turn) => `[INST] ${turn} [/INST]`,
  beforePrimer: ' ',
  betweenTurns: ' </s><s>',
  critiqueRequest: CRITIQUE_REQUEST_WITH_FORMAT,
  refineRequest: REFINE_REQUEST,
  stop: ['</s>'],
  endOfTurn: ' </s>',
});

const IM_END = '<|im_end|>';

/** Qwen and others. Templates of Qwen 2.5 add a system turn that introduces the model; this has none, `chat` has whatever the server adds. */
export const chatml = textFamily({
  ask: (turn) => `<|im_start|>user\n${turn}${IM_END}\n<|im_start|>assistant\n`,
  betweenTurns: `${IM_END}\n`,
  critiqueRequest: CRITIQUE_REQUEST_WITH_FORMAT,
  refineRequest: REFINE_REQUEST,
  stop: [IM_END, '<|endoftext|>'],
  endOfTurn: IM_END,
});
