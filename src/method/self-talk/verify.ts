import { type Generation, type Grade, isUnanswered, type Question } from '../rows.ts';
import type { Chain, ChainEnd } from './chain.ts';
import { equationsIn } from './equations.ts';
import { statesAnswer } from './judged.ts';

/** A chain, and what was made of it. */
export interface TalkRow {
  question: Question;
  /** Which of the chains of this question. */
  sample: number;
  chain: Chain;
  /** Who wrote the steps and the critiques. */
  actor: string;
  critic: string | null;
  /** The chain as one text; absent where there was nothing to make one of, or nobody did. */
  talk?: Generation;
  grade?: Grade;
}

/** Why a chain gave no self-talk to train on. */
export type TalkRemoval =
  | Exclude<ChainEnd, 'error-free'>
  | 'lost-steps'
  | 'wrong'
  | 'ungraded'
  | 'duplicate'
  | 'over-cap';

/** In words, in the order in which they are found. */
export const TALK_REMOVALS: Record<TalkRemoval, string> = {
  stopped: 'the run ended before its chain or its text was done',
  budget: 'still with a wrong step when it had been written again as often as it may be',
  unjudged: 'a critique that can not be read',
  rejected: 'refused by the server of the model that was to write it',
  failed: 'not written: the server of the model failed at it again and again',
  unavailable: 'not written: the model did not answer',
  truncated: 'cut off',
  'lost-steps': 'without its final answer or most of its equations, once it was one text',
  unparsed: 'no answer could be read in it',
  ungraded: 'the grader failed',
  wrong: 'its answer is wrong, though the critic let it pass',
  duplicate: 'the same text as another of its question',
  'over-cap': 'its question has as many as it may have',
};

/** Why a self-talk is not to be trained on, by what is in it alone; null where nothing speaks against it. */
export function problemOf({ chain, talk, grade }: TalkRow): Exclude<TalkRemoval, 'duplicate' | 'over-cap'> | null {
  if (chain.end !== 'error-free') return chain.end;
  if (!talk || !grade) return 'stopped';
  const { finishReason } = talk;
  if (isUnanswered(finishReason)) return finishReason;
  if (finishReason === 'length' || finishReason === 'context_exceeded') return 'truncated';
  if (!keepsAnswer(chain, talk.text) || !keepsEquations(chain, talk.text)) return 'lost-steps';
  return grade.outcome === 'correct' ? null : grade.outcome;
}

/** It ends in its answer, if the chain does. */
const keepsAnswer = ({ segments }: Chain, talk: string) =>
  !segments.at(-1)?.isAnswer || statesAnswer(talk.trim().split('\n').at(-1)!);

/** At least half of the equations of its right steps. */
function keepsEquations({ segments }: Chain, talk: string): boolean {
  const right = segments.flatMap(({ step, label }) => (label === 'wrong' ? [] : [...equationsIn(step)]));
  const kept = equationsIn(talk);
  return 2 * right.filter((equation) => kept.has(equation)).length >= right.length;
}
