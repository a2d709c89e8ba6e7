import type { Message } from '../prompts/index.ts';
import { stripPrimer } from '../prompts/index.ts';
import { CRITIQUE_REQUEST_WITH_FORMAT } from '../prompts/text.ts';
import type { InformationLevel, PathOrigin, Question } from '../rows.ts';
import { goldResponse } from '../sft.ts';
import { stepsOf } from './steps.ts';

export interface ToAnnotate {
  question: Question;
  /** As the actor wrote it. */
  response: string;
  /** What the annotator is told; see `informationOf`. */
  information: InformationLevel;
  path: Pick<PathOrigin, 'errorStep'>;
  /** The kind of mistake that was planted, in words; null where none is known. */
  mistake: string | null;
}

/** What a strong model is asked that annotates a path (method.md B2): for the critique that a critic will have to write without what it is told. */
export function annotatorPrompt({ question, response, information, path, mistake }: ToAnnotate): Message[] {
  const { errorStep } = path;
  const known = [
    `The right solution, for you only:\n${goldResponse(question) ?? `The answer is ${question.reference}.`}`,
  ];
  if (information !== 'reference' && errorStep !== null)
    known.push(
      `All steps before step ${errorStep} are right. Step ${errorStep} is where the mistake is to be looked for: ${stepsOf(response)[errorStep - 1] ?? ''}`,
    );
  if (information === 'mistake' && mistake !== null) known.push(`The kind of mistake made there: ${mistake}.`);
  return [
    { role: 'user', content: [CRITIQUE_REQUEST_WITH_FORMAT, RULES, ...known, asked(question, response)].join('\n\n') },
  ];
}

const RULES = `Rules:
- Each line of the solution is one step. Repeat all of them word for word and in order, without numbers; leave out a line that only gives the answer.
- A step is wrong if it has a mistake of its own or goes on from a wrong one. Say what is wrong with it and what it should be.
- Each explanation has one or two sentences and argues from the question and the steps alone, as if you had worked it out yourself.
- Your readers see the question and the solution, nothing else. Never mention, quote or hint at the right solution below, nor that you were told where or what the mistake is.
- Write nothing before the first step and nothing after the last explanation.`;

const asked = ({ question }: Question, response: string) =>
  `Question: ${question}\n\nSolution to check:\n${stripPrimer(response)}`;

/** What the annotator may be told about a path: what is known about it, and at most `most`. */
export function informationOf({ strategy }: Pick<PathOrigin, 'strategy'>, most: InformationLevel): InformationLevel {
  if (strategy === 'RG3') return most;
  return strategy === 'RG2' && most !== 'reference' ? 'location' : 'reference';
}
