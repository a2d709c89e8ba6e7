import { parseCritique } from '../method/critique.ts';
import { type AnnotationChecks, checkAnnotation } from '../method/critiques/check-annotation.ts';
import type { PathRow } from '../method/critiques/choose-paths.ts';
import type { AnnotatedRow } from '../method/critiques/dataset-row.ts';
import type { Generation, InformationLevel } from '../method/rows.ts';

/** A path with what an annotator wrote about it, and what speaks against that. */
export function annotated(
  row: PathRow,
  generation: Generation,
  about: { index: number; information: InformationLevel; checks: AnnotationChecks },
): AnnotatedRow {
  const { question, response, grade, path } = row;
  const { text, finishReason } = generation;
  const { index, information, checks } = about;
  const parsed = parseCritique(text);
  const problem = checkAnnotation(
    { question, response: response.text, outcome: grade.outcome, path, text, finishReason, parsed },
    checks,
  );
  const { verdict, firstWrongStep } = parsed;
  return { ...row, critique: { ...generation, verdict, firstWrongStep, index, annotation: { information, problem } } };
}
