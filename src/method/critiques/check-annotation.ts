import type { ParsedCritique } from '../critique.ts';
import { verdictAgrees } from '../critique-counts.ts';
import {
  type AnnotationProblem,
  type FinishReason,
  isUnanswered,
  type Outcome,
  type PathOrigin,
  type Question,
} from '../rows.ts';
import { isLeak } from './leak.ts';
import { isRefusal } from './refusal.ts';

export interface AnnotationToCheck {
  question: Question;
  /** The path, as the actor wrote it. */
  response: string;
  outcome: Outcome;
  path: Pick<PathOrigin, 'strategy' | 'errorStep'>;
  /** What the annotator wrote. */
  text: string;
  finishReason: FinishReason;
  parsed: ParsedCritique;
}

/** The checks that can be left out. */
export interface AnnotationChecks {
  leak: boolean;
  verdict: boolean;
  location: boolean;
}

export const ALL_CHECKS: AnnotationChecks = { leak: true, verdict: true, location: true };

/** The first reason why an annotation can't be trained on; null where there is none. */
export function checkAnnotation(annotation: AnnotationToCheck, checks = ALL_CHECKS): AnnotationProblem | null {
  const { finishReason, text, parsed, path, outcome } = annotation;
  if (isUnanswered(finishReason)) return finishReason;
  if (finishReason !== 'stop') return 'truncated';
  if (parsed.problem === 'no-markers' && isRefusal(text)) return 'refused';
  if (parsed.problem !== null) return 'off-format';
  if (checks.leak && isLeak(text, annotation)) return 'leak';
  if (checks.verdict && !verdictAgrees(outcome, parsed.verdict)) return 'verdict';
  if (checks.location && locationAgrees(path, parsed.firstWrongStep) === false) return 'location';
  return null;
}

/** Whether the first step that is called wrong can be it, by what is known about the path; null where nothing is. */
export function locationAgrees(
  { strategy, errorStep }: Pick<PathOrigin, 'strategy' | 'errorStep'>,
  firstWrongStep: number | null,
): boolean | null {
  if (strategy === 'right') return firstWrongStep === null;
  if (errorStep === null) return null;
  if (strategy === 'RG3') return firstWrongStep === errorStep;
  return firstWrongStep === null || firstWrongStep >= errorStep;
}
