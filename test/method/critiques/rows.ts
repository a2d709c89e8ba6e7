import type { PathRow } from '../../../src/method/critiques/choose-paths.ts';
import type { AnnotatedRow } from '../../../src/method/critiques/dataset-row.ts';
import type { AnnotationProblem, Attempt, Level, Outcome, PathStrategy, Verdict } from '../../../src/method/rows.ts';
import { aGeneration, anAttempt } from '../../support/attempts.ts';

interface PathShape {
  id?: string;
  level?: Level;
  sample?: number;
  text?: string;
  outcome?: Outcome;
  errorStep?: number | null;
  mistake?: string | null;
}

export function aPath(strategy: PathStrategy, shape: PathShape = {}): PathRow {
  const { outcome = strategy === 'right' ? 'correct' : 'wrong', errorStep = null, mistake = null, ...rest } = shape;
  const prefixSource = errorStep === null ? null : 'sampled';
  const path = {
    strategy,
    errorStep,
    mistake,
    mistakeModel: mistake && 'writer',
    temperature: 1,
    prefixSource,
  } as const;
  return { ...anAttempt({ outcome, ...rest }), path };
}

/** With a critique of as many steps as there are labels, C or W. */
export function anAnnotation(
  row: PathRow,
  labels: string,
  verdict: Verdict,
  problem: AnnotationProblem | null = null,
): AnnotatedRow {
  const word = { C: 'Correct', W: 'Wrong' };
  const blocks = [...labels].map(
    (label, i) => `Step sentence: s${i}\nCorrectness of the step: ${word[label as 'C' | 'W']}\nExplanation: e`,
  );
  const judged =
    verdict === 'unparsed' ? [] : [`Correctness of the final answer: ${word[verdict === 'correct' ? 'C' : 'W']}`];
  const wrong = labels.indexOf('W');
  const critique = {
    ...aGeneration(['Well:', ...blocks, ...judged].join('\n')),
    model: 'annotator',
    verdict,
    firstWrongStep: wrong < 0 ? null : wrong + 1,
    index: 0,
    annotation: { information: 'location', problem },
  } as const;
  return { ...row, critique };
}

export const refinements = (row: AnnotatedRow, outcomes: readonly Outcome[]): Attempt[] =>
  outcomes.map((outcome, index) => ({
    ...row,
    refinement: {
      ...aGeneration(`refinement ${index}`),
      grade: { outcome, answer: '5', rule: 'number', tier: 'rules' },
      index,
    },
  }));
