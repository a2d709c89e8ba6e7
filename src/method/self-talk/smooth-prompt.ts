import type { Message } from '../prompts/index.ts';
import { SELF_TALK_PRIMER } from '../prompts/text.ts';
import type { Question } from '../rows.ts';
import type { Chain, Segment } from './chain.ts';

const OPENING = SELF_TALK_PRIMER.trim();

export const SMOOTH_REQUEST = [
  'The following is a math problem and how its solution came about: each step with the remarks of a checker, and after each wrong step the one that took its place.',
  'Tell it as the thoughts of one person who works on the problem alone and checks each step while writing it: one continuous text, in the first person, without headings.',
  '- Keep the order, every step, every equation and the final answer as they are, wrong steps too.',
  '- After a right step, go on naturally, now and then with a short remark such as "Looks good!".',
  '- After a wrong step, find the mistake yourself, as in "Wait, let\'s check this calculation. Oops, that\'s not quite right.", say what is wrong with it, and write the step that took its place.',
  '- Nobody else is there: no checker, no critique, no given solution.',
  `- Begin with "${OPENING}"`,
  '- End with a line "Answer: The answer is [the final answer]."',
  'Write nothing but that text.',
].join('\n');

/** Asks a model to make one text of a chain. */
export function smoothPrompt({ question }: Question, { segments }: Chain): Message[] {
  const steps = segments.map(describe).join('\n');
  return [{ role: 'user', content: `${SMOOTH_REQUEST}\n\nProblem: ${question}\n\n${steps}` }];
}

/** The self-talk in what a model wrote: without its own thoughts and quotation marks around it, and with the opening where it has none. */
export function readTalk(written: string): string {
  const text = written
    .split('</think>')
    .at(-1)!
    .trim()
    .replace(/^```\w*\n([\s\S]*?)\n?```$/, '$1')
    .replace(/^"([\s\S]*)"$/, '$1')
    .trim();
  return text === '' || text.startsWith(OPENING) ? text : `${SELF_TALK_PRIMER}${text}`;
}

function describe({ step, isAnswer, label, explanation, again }: Segment): string {
  const remark = label === null ? 'none' : label === 'correct' ? 'right' : 'wrong';
  const why = explanation === '' ? '' : `. ${explanation}`;
  const name = again ? 'Step seen again' : isAnswer ? 'Answer' : 'Step';
  return `${name}: ${step}\nRemark: ${remark}${why}`;
}
