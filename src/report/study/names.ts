import type { EvaluationName, LoopName } from '../../method/study/evidence.ts';
import type { Holds } from '../../method/study/finding.ts';
import type { Look } from '../supervision/charts/looks.ts';

/** What the actor was trained on. */
export const TRAININGS: Record<EvaluationName, string> = {
  sft: 'fine-tuned',
  'sft-base-critic': 'fine-tuned, critic before its training',
  'self-correction': 'self-correction',
  'self-talk': 'self-talk',
  vanilla: 'vanilla self-improvement',
  loop: 'critique-in-the-loop',
};

export const LOOPS: Record<LoopName, string> = { loop: 'critique-in-the-loop', vanilla: 'vanilla' };

export const LOOKS: Record<LoopName, Look> = {
  vanilla: { colour: 'var(--without)', dash: [1, 0], shape: 'circle' },
  loop: { colour: 'var(--with)', dash: [8, 3], shape: 'diamond' },
};

/** A sign and a word, so that it does not take colour to tell. */
export const HOLDS: Record<Holds, { sign: string; words: string; look: string }> = {
  yes: { sign: '\u2713', words: 'holds', look: 'correct' },
  no: { sign: '\u2717', words: 'does not hold', look: 'wrong' },
  unclear: { sign: '?', words: 'unclear', look: 'unclear' },
  'not measured': { sign: '\u2013', words: 'not measured', look: 'absent' },
};
