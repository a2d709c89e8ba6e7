import { alignSteps } from '../align-steps.ts';
import { parseCritique } from '../critique.ts';
import { stripPrimer } from '../prompts/index.ts';
import type { Critique } from '../rows.ts';

/** A step of a solution, with what the critic made of it. */
export interface JudgedStep {
  text: string;
  /** Where it begins in the solution. */
  start: number;
  /** Whether it states the final answer. */
  isAnswer: boolean;
  /** null: the critic said nothing of it, or nothing plain. */
  label: 'correct' | 'wrong' | null;
  explanation: string;
}

export interface JudgedSolution {
  /** Without the primer. */
  text: string;
  steps: JudgedStep[];
  /** The step from which it has to be written again, from 0; after the last where only the answer is missing; null where nothing is wrong. */
  flaw: number | null;
  /** Whether the critic found the answer right, and nothing wrong on the way. */
  isErrorFree: boolean;
}

/** Whether the critic found something to mend: the same as a flaw of the solution. */
export const isFlawed = ({ firstWrongStep, verdict }: Pick<Critique, 'firstWrongStep' | 'verdict'>): boolean =>
  firstWrongStep !== null || verdict === 'wrong';

/**
 * A solution step by step, each with its label: a step is what the critic repeated, and what it left out is one a line. The step that
 * states the answer has the verdict for its label. What the critic says of a step that is not there counts for the one in its place.
 */
export function judge(response: string, critique: string): JudgedSolution {
  const text = stripPrimer(response);
  const { steps: said, verdict, verdictExplanation } = parseCritique(critique);
  const { marked } = alignSteps(text, said);
  let from = 0;
  const steps = marked.map(({ text: written, step }): JudgedStep => {
    const start = text.indexOf(written, from);
    from = start + written.length;
    return {
      text: written.trim(),
      start,
      isAnswer: false,
      label: step?.label ?? null,
      explanation: step?.explanation ?? '',
    };
  });

  let place = 0;
  for (const step of said) {
    const at = marked.findIndex((piece) => piece.step === step);
    const astray = at < 0 ? steps[Math.min(place, steps.length - 1)] : undefined;
    if (astray && step.label === 'wrong') Object.assign(astray, { label: 'wrong', explanation: step.explanation });
    place = Math.max(place, at + 1);
  }

  const answer = steps.findLast((step) => statesAnswer(step.text));
  if (answer) {
    answer.isAnswer = true;
    if (verdict !== 'unparsed' && answer.label !== 'wrong')
      Object.assign(answer, { label: verdict, explanation: verdictExplanation });
  }
  const wrong = steps.findIndex(({ label }) => label === 'wrong');
  const flaw = wrong >= 0 ? wrong : verdict === 'wrong' ? steps.length : null;
  return { text, steps, flaw, isErrorFree: flaw === null && verdict === 'correct' };
}

/** What of a solution may stay: everything before its first wrong step. */
export function rightPart({ text, steps, flaw }: JudgedSolution): string {
  const wrong = flaw === null ? undefined : steps[flaw];
  return wrong ? text.slice(0, wrong.start) : `${text}\n`;
}

/** Whether a step or a line states the final answer. */
export const statesAnswer = (text: string): boolean => ANSWER.test(text);

export const ANSWER = /\bthe (?:final )?answer is\b/i;
