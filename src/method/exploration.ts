import { type Proportion, proportion } from './estimate.ts';
import { isIncorrect } from './gates.ts';
import { noOutcomes } from './outcomes.ts';
import { stripPrimer } from './prompts/index.ts';
import type { Attempt, Level, Outcome, Verdict } from './rows.ts';

export interface ExplorationCounts {
  questions: number;
  responses: number;
  /** Right responses. */
  correct: number;
  critiques: number;
  refinements: number;
  /** Right refinements of incorrect responses. */
  rightRefinements: number;
  /** Questions with at least one right solution, before and after critique and refinement. */
  solvedBefore: number;
  solvedAfter: number;
  /** Right responses that differ as texts within their question, and right solutions of both kinds, responses and refinements. */
  distinctResponses: number;
  distinctSolutions: number;
}

export interface ExplorationSummary extends ExplorationCounts {
  /** Of the responses. */
  outcomes: Record<Outcome, number>;
  refinementOutcomes: Record<Outcome, number>;
  /** Of the critiques; with the oracle's gate only wrong responses have one. */
  verdicts: Record<Verdict, number>;
  /** Share of the readable verdicts that agree with the oracle (discriminability, method.md D1). */
  discriminabilityOnRight: Proportion;
  discriminabilityOnWrong: Proportion;
  byLevel: ({ level: Level } & ExplorationCounts)[];
}

/** The rows of one question in an exploration, of each stage; the lists of a stage that was not reached are empty. */
export interface ExploredQuestion {
  responses: readonly Attempt[];
  critiques: readonly Attempt[];
  refinements: readonly Attempt[];
}

/** Reduces what one iteration explored (method.md E3's report): each question once, in any order. Holds a few numbers for each level. */
export function startExploration(): {
  question(rows: ExploredQuestion): void;
  summary(): ExplorationSummary;
} {
  const all = noCounts();
  const levels = new Map<Level, ExplorationCounts>();
  const outcomes = noOutcomes();
  const refinementOutcomes = noOutcomes();
  const verdicts: Record<Verdict, number> = { correct: 0, wrong: 0, unparsed: 0 };
  const judged = { right: 0, wrong: 0 };
  const agreed = { right: 0, wrong: 0 };

  function judge({ grade, critique }: Attempt): void {
    const { verdict } = critique!;
    verdicts[verdict]++;
    if (verdict === 'unparsed' || grade.outcome === 'ungraded') return;
    const truth = grade.outcome === 'correct' ? 'right' : 'wrong';
    judged[truth]++;
    if ((verdict === 'correct') === (truth === 'right')) agreed[truth]++;
  }

  return {
    question(rows) {
      const counts = countsOf(rows);
      add(all, counts);
      const { level } = rows.responses[0]!.question;
      if (level) levels.set(level, add(levels.get(level) ?? noCounts(), counts));
      for (const { grade } of rows.responses) outcomes[grade.outcome]++;
      for (const { refinement } of rows.refinements) refinementOutcomes[refinement!.grade.outcome]++;
      rows.critiques.forEach(judge);
    },
    summary: () => ({
      ...all,
      outcomes: { ...outcomes },
      refinementOutcomes: { ...refinementOutcomes },
      verdicts: { ...verdicts },
      discriminabilityOnRight: proportion(agreed.right, judged.right),
      discriminabilityOnWrong: proportion(agreed.wrong, judged.wrong),
      byLevel: [...levels].sort(([a], [b]) => a - b).map(([level, counts]) => ({ level, ...counts })),
    }),
  };
}

function countsOf({ responses, critiques, refinements }: ExploredQuestion): ExplorationCounts {
  const right = responses.filter(({ grade }) => grade.outcome === 'correct');
  const rightRefinements = refinements.filter((row) => row.refinement!.grade.outcome === 'correct' && isIncorrect(row));
  const found = new Set(right.map(({ response }) => stripPrimer(response.text)));
  const solutions = new Set([...found, ...rightRefinements.map(({ refinement }) => stripPrimer(refinement!.text))]);
  return {
    questions: 1,
    responses: responses.length,
    correct: right.length,
    critiques: critiques.length,
    refinements: refinements.length,
    rightRefinements: rightRefinements.length,
    solvedBefore: Number(right.length > 0),
    solvedAfter: Number(solutions.size > 0),
    distinctResponses: found.size,
    distinctSolutions: solutions.size,
  };
}

function noCounts(): ExplorationCounts {
  return {
    questions: 0,
    responses: 0,
    correct: 0,
    critiques: 0,
    refinements: 0,
    rightRefinements: 0,
    solvedBefore: 0,
    solvedAfter: 0,
    distinctResponses: 0,
    distinctSolutions: 0,
  };
}

function add(to: ExplorationCounts, counts: ExplorationCounts): ExplorationCounts {
  for (const name of Object.keys(to) as (keyof ExplorationCounts)[]) to[name] += counts[name];
  return to;
}
