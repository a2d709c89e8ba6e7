import { stripPrimer } from '../prompts/index.ts';

const ANSWER_LINE = /^(?:[a-z]+,? )?the answer is\b/i;

/** The steps of a solution: its lines, but for blank ones and for those that only give the answer. */
export function stepsOf(solution: string): string[] {
  return stripPrimer(solution)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !isAnswerLine(line));
}

export const isAnswerLine = (line: string): boolean => ANSWER_LINE.test(line);
