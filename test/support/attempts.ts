import type { ExploredQuestion } from '../../src/method/exploration.ts';
import type {
  Attempt,
  Critique,
  Generation,
  Grade,
  Level,
  Outcome,
  Question,
  Refinement,
  Verdict,
} from '../../src/method/rows.ts';
import type { SelectOptions } from '../../src/method/select.ts';

export function aQuestion(id: string, rest: Partial<Question> = {}): Question {
  return { id, question: `How many are ${id}?`, reference: '5', answerFormat: 'plain', ...rest };
}

export function aGeneration(text: string): Generation {
  return { text, finishReason: 'stop', model: 'actor', seed: 1, promptTokens: 10, completionTokens: 5 };
}

interface Shape {
  id?: string;
  level?: Level;
  sample?: number;
  text?: string;
  outcome: Outcome;
  answer?: string | null;
  verdict?: Verdict;
  critique?: number;
  refined?: Outcome;
  refinedAnswer?: string | null;
  refinement?: number;
  refinedText?: string;
}

/** A row of any stage: with a critique where a verdict is given, with a refinement where its outcome is. */
export function anAttempt(shape: Shape): Attempt {
  const { id = 'q', sample = 0, outcome } = shape;
  const question = aQuestion(id, shape.level ? { level: shape.level } : {});
  const grade = aGrade(outcome, shape.answer);
  const row: Attempt = { question, sample, response: aGeneration(shape.text ?? `response ${sample} of ${id}`), grade };
  if (shape.verdict) row.critique = aCritique(shape.verdict, shape.critique ?? 0);
  if (shape.refined) {
    const index = shape.refinement ?? 0;
    row.refinement = aRefinement(
      shape.refinedText ?? `refinement ${shape.critique ?? 0}.${index} of ${id}/${sample}`,
      aGrade(shape.refined, shape.refinedAnswer),
      index,
    );
  }
  return row;
}

const aGrade = (outcome: Outcome, answer: string | null = '5'): Grade => ({
  outcome,
  answer,
  rule: 'number',
  tier: 'rules',
});

function aCritique(verdict: Verdict, index: number): Critique {
  const text = `Let me see.\nStep sentence: a\nCorrectness of the step: Wrong\nExplanation: number ${index}`;
  return { ...aGeneration(text), verdict, firstWrongStep: 1, index };
}

function aRefinement(text: string, grade: Grade, index: number): Refinement {
  return { ...aGeneration(text), grade, index };
}

/** The rows of each stage of an exploration by their question, in the order of the questions. */
export function byQuestion(rows: Partial<ExploredQuestion>): ExploredQuestion[] {
  const stages = ['responses', 'critiques', 'refinements'] as const;
  const ids = new Set(stages.flatMap((stage) => (rows[stage] ?? []).map(({ question }) => question.id)));
  return [...ids].map((id) => {
    const of = (stage: (typeof stages)[number]) => (rows[stage] ?? []).filter(({ question }) => question.id === id);
    return { responses: of('responses'), critiques: of('critiques'), refinements: of('refinements') };
  });
}

/** A selection that takes what was explored, and nothing else. */
export const ONLY_EXPLORED: SelectOptions = {
  promptFamily: 'base',
  original: false,
  previous: false,
  refine: false,
  selfImproveFeedback: false,
  beta: 1,
  keptPerCritique: 1,
  shortcutBarrier: false,
  seed: 7,
};
