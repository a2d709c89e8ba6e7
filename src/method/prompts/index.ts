import type { Question } from '../rows.ts';
import { base, llama2Base } from './base.ts';
import { chat } from './chat.ts';
import type { Prompt, PromptFamily } from './family.ts';
import { chatml, llama2Chat, llama3Instruct } from './instruct.ts';
import { PRIMER, SELF_TALK_PRIMER } from './text.ts';

export type { Message, MessagesFamily, Prompt, PromptFamily, TextFamily } from './family.ts';

/** The families that a run file can name. */
export const PROMPT_FAMILIES = {
  base,
  'llama-3-instruct': llama3Instruct,
  'llama-2-base': llama2Base,
  'llama-2-chat': llama2Chat,
  chatml,
  chat,
} satisfies Record<string, PromptFamily>;

export type PromptFamilyName = keyof typeof PROMPT_FAMILIES;

/** What an actor is asked to write. */
export type PromptStyle = 'solution' | 'self-talk';

/** A question as an actor of this style is asked it. */
export function questionPrompt(family: PromptFamilyName, style: PromptStyle, question: Question): Prompt {
  const { solve, selfTalk } = PROMPT_FAMILIES[family];
  return style === 'self-talk' ? selfTalk(question) : solve(question);
}

/** What actor and critic are asked, with {names} where a question and what was written go. */
export function examplePrompts(
  actor: { promptFamily: PromptFamilyName; style?: PromptStyle },
  critic: PromptFamilyName | undefined,
): Record<string, Prompt> {
  const example: Question = { id: '', question: '{question}', reference: '', answerFormat: 'plain' };
  const { promptFamily, style = 'solution' } = actor;
  const { refine } = PROMPT_FAMILIES[promptFamily];
  return {
    solve: questionPrompt(promptFamily, style, example),
    refine: refine(example, '{response}', '{critique}'),
    ...(critic && { critique: PROMPT_FAMILIES[critic].critique(example, '{response}') }),
  };
}

/** A prompt whose answer has begun: the model goes on after `begun`, which comes without the primer. */
export function begin(prompt: Prompt, begun: string): Prompt {
  if (typeof prompt === 'string') return `${prompt}${begun}`;
  return [...prompt, { role: 'assistant', content: `${PRIMER}${begun}` }];
}

const PRIMERS = [PRIMER, SELF_TALK_PRIMER].map((primer) => primer.trim());

/** A response without its primer and without outer white space: what critics see, what is graded and trained on. */
export function stripPrimer(text: string): string {
  const trimmed = text.trim();
  const primer = PRIMERS.find((opening) => trimmed.startsWith(opening));
  return primer ? trimmed.slice(primer.length).trim() : trimmed;
}
