import { trimCritique } from '../critique.ts';
import { stripPrimer } from '../prompts/index.ts';
import { digest } from '../random.ts';
import {
  type Annotation,
  type Attempt,
  type Critique,
  type InformationLevel,
  type Level,
  type PathOrigin,
  type RefinementTriple,
  rowKey,
  type Verdict,
} from '../rows.ts';
import type { PathRow } from './choose-paths.ts';
import type { Filtered } from './filter.ts';

/** A path with the critique that an annotator wrote for it. */
export type AnnotatedRow = PathRow & { critique: Critique & { annotation: Annotation } };

/** One row of D_critique as it is released. */
export interface CritiqueRow {
  /** Unique within the dataset. */
  id: string;
  question_id: string;
  question: string;
  reference: string;
  level: Level | null;
  response: string;
  critique: string;
  verdict: Verdict;
  first_wrong_step: number | null;
  /** How the path came about, and which model wrote it. */
  path: PathOrigin & { model: string };
  /** The model that wrote the critique, and what it was told. */
  annotator: string;
  information: InformationLevel;
  n_refine: number;
  n_correct: number;
  soft_score: number | null;
  kept: boolean;
  /** Hashes of the refinements' texts. */
  refinements: string[];
  /** The first right refinement; null where there is none. */
  refinement: string | null;
}

/** @param refinements of this critique */
export function critiqueRowOf(row: AnnotatedRow, refinements: readonly Attempt[], filtered: Filtered): CritiqueRow {
  const { question, response, critique, path } = row;
  return {
    id: rowKey(row),
    question_id: question.id,
    question: question.question,
    reference: question.reference,
    level: question.level ?? null,
    response: stripPrimer(response.text),
    critique: trimCritique(critique.text),
    verdict: critique.verdict,
    first_wrong_step: critique.firstWrongStep,
    path: { ...path, model: response.model },
    annotator: critique.model,
    information: critique.annotation.information,
    n_refine: filtered.nRefine,
    n_correct: filtered.nCorrect,
    soft_score: filtered.soft,
    kept: filtered.keep,
    refinements: inOrder(refinements).map(({ text }) => digest(text).toString(16)),
    refinement: firstRight(refinements),
  };
}

/** What D_refine learns from a critique that helped; null for one of a right path, and where no refinement is right. */
export function tripleOf(row: AnnotatedRow, refinements: readonly Attempt[]): RefinementTriple | null {
  const refinement = row.path.strategy === 'right' ? null : firstRight(refinements);
  if (refinement === null) return null;
  const { question, response, critique } = row;
  return { question, response: stripPrimer(response.text), critique: trimCritique(critique.text), refinement };
}

function firstRight(refinements: readonly Attempt[]): string | null {
  const right = inOrder(refinements).find(({ grade }) => grade.outcome === 'correct');
  return right ? stripPrimer(right.text) : null;
}

const inOrder = (rows: readonly Attempt[]) =>
  rows.flatMap(({ refinement }) => refinement ?? []).sort((a, b) => a.index - b.index);
