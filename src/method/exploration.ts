import { type Proportion, proportion } from './estimate.ts';
import { isIncorrect } from './gates.ts';
import { byLevel } from './levels.ts';
import { noOutcomes } from './outcomes.ts';
import { stripPrimer } from './prompts/index.ts';
import { digest } from './random.ts';
import type { Attempt, Level, Outcome, Question, Verdict } from './rows.ts';

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

interface Explored
  extends Pick<ExplorationCounts, 'responses' | 'correct' | 'critiques' | 'refinements' | 'rightRefinements'> {
  level: Level | null;
  /** Digests of right responses, and of right solutions of both kinds. */
  found: Set<number>;
  solutions: Set<number>;
}

/**
 * Reduces what one iteration explored (method.md E3's report): each row of the sampling, the critique and the refinement stage once, in
 * any order. Holds a few numbers per question and one per right solution.
 */
export function startExploration(): {
  response(row: Attempt): void;
  critique(row: Attempt): void;
  refinement(row: Attempt): void;
  summary(): ExplorationSummary;
} {
  const questions = new Map<string, Explored>();
  const outcomes = noOutcomes();
  const refinementOutcomes = noOutcomes();
  const verdicts: Record<Verdict, number> = { correct: 0, wrong: 0, unparsed: 0 };
  const judged = { right: 0, wrong: 0 };
  const agreed = { right: 0, wrong: 0 };

  const explored = ({ id, level }: Question) => {
    const known = questions.get(id);
    if (known) return known;
    const counts = { responses: 0, correct: 0, critiques: 0, refinements: 0, rightRefinements: 0 };
    const fresh: Explored = { level: level ?? null, found: new Set(), solutions: new Set(), ...counts };
    questions.set(id, fresh);
    return fresh;
  };

  return {
    response({ question, response, grade }) {
      const counts = explored(question);
      counts.responses++;
      outcomes[grade.outcome]++;
      if (grade.outcome !== 'correct') return;
      counts.correct++;
      const solution = digest(stripPrimer(response.text));
      counts.found.add(solution);
      counts.solutions.add(solution);
    },
    critique({ question, grade, critique }) {
      explored(question).critiques++;
      const { verdict } = critique!;
      verdicts[verdict]++;
      if (verdict === 'unparsed' || grade.outcome === 'ungraded') return;
      const truth = grade.outcome === 'correct' ? 'right' : 'wrong';
      judged[truth]++;
      if ((verdict === 'correct') === (truth === 'right')) agreed[truth]++;
    },
    refinement(row) {
      const counts = explored(row.question);
      counts.refinements++;
      refinementOutcomes[row.refinement!.grade.outcome]++;
      if (row.refinement?.grade.outcome !== 'correct' || !isIncorrect(row)) return;
      counts.rightRefinements++;
      counts.solutions.add(digest(stripPrimer(row.refinement.text)));
    },
    summary() {
      const all = [...questions.values()];
      return {
        ...total(all),
        outcomes: { ...outcomes },
        refinementOutcomes: { ...refinementOutcomes },
        verdicts: { ...verdicts },
        discriminabilityOnRight: proportion(agreed.right, judged.right),
        discriminabilityOnWrong: proportion(agreed.wrong, judged.wrong),
        byLevel: byLevel(all, total),
      };
    },
  };
}

function total(explored: Explored[]): ExplorationCounts {
  const sum = (count: (it: Explored) => number) => explored.reduce((total, it) => total + count(it), 0);
  return {
    questions: explored.length,
    responses: sum((it) => it.responses),
    correct: sum((it) => it.correct),
    critiques: sum((it) => it.critiques),
    refinements: sum((it) => it.refinements),
    rightRefinements: sum((it) => it.rightRefinements),
    solvedBefore: sum((it) => Number(it.correct > 0)),
    solvedAfter: sum((it) => Number(it.solutions.size > 0)),
    distinctResponses: sum((it) => it.found.size),
    distinctSolutions: sum((it) => it.solutions.size),
  };
}
