import { annotate, flaw, questions } from '../../../src/backends/datasets/arithmetic/index.ts';
import { parseCritique } from '../../../src/method/critique.ts';
import { type PathRow, sampledPath } from '../../../src/method/critiques/choose-paths.ts';
import type { AnnotatedRow } from '../../../src/method/critiques/dataset-row.ts';
import { filterOf } from '../../../src/method/critiques/filter.ts';
import { startStatistics } from '../../../src/method/critiques/statistics.ts';
import { randomFrom } from '../../../src/method/random.ts';
import type { AnnotationProblem, Attempt, PathStrategy, Question } from '../../../src/method/rows.ts';
import type { CritiquesReport } from '../../../src/report/critiques/data.ts';
import { aGeneration } from '../../support/attempts.ts';

const N = 10;
const STRATEGIES: PathStrategy[] = ['RG1', 'RG2', 'RG3', 'right'];
const PROBLEMS: (AnnotationProblem | null)[] = [
  null,
  null,
  null,
  null,
  null,
  'leak',
  'off-format',
  null,
  'verdict',
  null,
];

function pathOf(question: Question, strategy: PathStrategy, place: number): PathRow {
  const wrong = flaw(question, randomFrom(place));
  const text = strategy === 'right' ? question.solution! : wrong.response;
  const outcome = strategy === 'right' ? 'correct' : 'wrong';
  const continued = strategy === 'RG2' || strategy === 'RG3';
  return {
    question,
    sample: 0,
    response: aGeneration(text),
    grade: { outcome, answer: question.reference, rule: 'number', tier: 'rules' },
    path: {
      ...sampledPath(outcome, 1),
      strategy,
      errorStep: continued ? wrong.step : null,
      mistake: strategy === 'RG3' ? wrong.mistake : null,
      mistakeModel: strategy === 'RG3' ? 'teacher' : null,
      prefixSource: continued ? 'gold' : null,
    },
  };
}

function annotated(row: PathRow, problem: AnnotationProblem | null): AnnotatedRow {
  const generation = aGeneration(annotate(row.question, row.response.text));
  const { verdict, firstWrongStep } = parseCritique(generation.text);
  const annotation = { information: 'mistake', problem } as const;
  return { ...row, critique: { ...generation, model: 'teacher', verdict, firstWrongStep, index: 0, annotation } };
}

const refined = (row: AnnotatedRow, right: number): Attempt[] =>
  Array.from({ length: N }, (_, index) => ({
    ...row,
    refinement: {
      ...aGeneration(row.question.solution!),
      index,
      grade: { ...row.grade, outcome: index < right ? 'correct' : 'wrong' },
    },
  }));

/** A finished run of 200 critiques, with something of everything. */
export function critiquesReport(): CritiquesReport {
  const statistics = startStatistics({ refinements: N });
  const judge = filterOf({ k: 3 });
  const examples: CritiquesReport['examples'] = { kept: [], removed: [] };
  for (const [i, question] of [...questions({ seed: 1, split: 'train', count: 200 })].entries()) {
    const path = pathOf(question, STRATEGIES[i % 4]!, i + 1);
    statistics.path({ ...path, sample: 1 }, i % 3 === 0 ? 'duplicate' : 'over-cap');
    statistics.path(path, null);
    const problem = PROBLEMS[i % PROBLEMS.length]!;
    const row = annotated(path, problem);
    statistics.annotation(row);
    if (problem) {
      if (i < 10) examples.removed.push({ stage: 'annotation', reason: problem, attempt: row });
      continue;
    }
    const refinements = refined(row, (i * 7) % (N + 1));
    const filtered = judge(refinements);
    statistics.filtered(row, filtered);
    if (i < 10) examples.kept.push(refinements[0]!);
  }
  return {
    run: 'critiques-1',
    status: 'completed',
    startedAt: '2026-03-01T12:00:00.000Z',
    updatedAt: '2026-03-01T12:34:56.789Z',
    actor: 'models/actor',
    annotator: 'teacher',
    writer: 'teacher',
    dataset: 'arithmetic',
    questions: 200,
    filter: { refinements: N, keep: 3 },
    minYield: 0.2,
    warnings: [],
    statistics: statistics.summary(),
    unfinished: 0,
    stages: [
      { stage: 'sample', generations: 800, seconds: 61, promptTokens: 51_000, completionTokens: 42_000, cost: null },
      { stage: 'annotate', generations: 200, seconds: 94, promptTokens: 90_000, completionTokens: 61_000, cost: 1.83 },
    ],
    examples,
    artifacts: [
      {
        name: 'kept critiques',
        uri: 'runs/critiques-1/critiques.jsonl',
        sha256: 'a'.repeat(64),
        rows: 120,
        bytes: 345_678,
      },
    ],
    provenance: { run: { seed: 1 }, input: { samples: 4 } },
  };
}
