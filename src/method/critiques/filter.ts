import type { Attempt } from '../rows.ts';

/** What the refinements of one critique say about it (method.md B3). */
export interface Filtered {
  /** N: graded refinements. */
  nRefine: number;
  nCorrect: number;
  /** The soft label, nCorrect / nRefine; null without refinements. */
  soft: number | null;
  /** The hard label: at least k of them are right. */
  keep: boolean;
}

/** The Monte-Carlo filter: judges a critique by its refinements. Ones that could not be graded count in neither number. */
export function filterOf({ k }: { k: number }): (refinements: Iterable<Pick<Attempt, 'refinement'>>) => Filtered {
  return (refinements) => {
    const outcomes = [...refinements].flatMap(({ refinement }) => refinement?.grade.outcome ?? []);
    const nRefine = outcomes.filter((outcome) => outcome !== 'ungraded').length;
    const nCorrect = outcomes.filter((outcome) => outcome === 'correct').length;
    return { nRefine, nCorrect, soft: nRefine === 0 ? null : nCorrect / nRefine, keep: nCorrect >= k };
  };
}
