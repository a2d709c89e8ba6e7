import { type Proportion, proportion } from './estimate.ts';
import type { ExplorationCounts, ExplorationSummary } from './exploration.ts';
import type { Level } from './rows.ts';
import type { SelectionCounts } from './select.ts';

/** Whether self-generated data stay diverse and keep their hard tail, in one iteration (method.md E3). */
export interface Diversity extends Coverage {
  /** Where the accepted rows are, of those whose question has a level; ascending. */
  byLevel: ({ level: Level; rows: number; share: Proportion } & Coverage)[];
}

export interface Coverage {
  questions: number;
  /** Right solutions of a question that differ as texts, on average over all questions that were explored: responses, and refinements too. */
  distinctBefore: number | null;
  distinctAfter: number | null;
  /** Questions with at least one right solution, before and after critique. */
  solvedBefore: Proportion;
  solvedAfter: Proportion;
}

export function diversityOf(
  { acceptedByLevel }: Pick<SelectionCounts, 'acceptedByLevel'>,
  exploration: ExplorationSummary,
): Diversity {
  const rowsAt = (level: Level) => {
    const accepted = acceptedByLevel.find((row) => row.level === level);
    return accepted ? accepted.correct + accepted.refined : 0;
  };
  const all = exploration.byLevel.reduce((sum, { level }) => sum + rowsAt(level), 0);
  return {
    ...coverage(exploration),
    byLevel: exploration.byLevel.map(({ level, ...counts }) => ({
      level,
      rows: rowsAt(level),
      share: proportion(rowsAt(level), all),
      ...coverage(counts),
    })),
  };
}

function coverage(counts: ExplorationCounts): Coverage {
  const { questions, solvedBefore, solvedAfter, distinctResponses, distinctSolutions } = counts;
  const mean = (solutions: number) => (questions === 0 ? null : solutions / questions);
  return {
    questions,
    distinctBefore: mean(distinctResponses),
    distinctAfter: mean(distinctSolutions),
    solvedBefore: proportion(solvedBefore, questions),
    solvedAfter: proportion(solvedAfter, questions),
  };
}
