import { MISTAKE_WEIGHTS, type Mistake } from '../backends/datasets/arithmetic/index.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import type { WeightedMistake } from '../method/critiques/plan-paths.ts';
import { MISTAKES } from '../method/critiques/taxonomy.ts';

type Rg3 = NonNullable<BuildCritiquesConfig['flaws']['rg3']>;

/** The kinds of mistakes that are planted, each as often as it weighs: by default all that the writer knows. */
export function mistakesOf({ writer, mistakes }: Rg3): WeightedMistake[] {
  if (mistakes) return mistakes;
  const names: Record<string, number> =
    writer.source === 'exact' ? MISTAKE_WEIGHTS : Object.fromEntries(Object.keys(MISTAKES).map((name) => [name, 1]));
  return Object.entries(names).map(([name, weight]) => ({ name, weight }));
}

/** What each of them is, in words. */
export function descriptionsOf(rg3: Rg3): Record<string, string> {
  const own = Object.fromEntries((rg3.mistakes ?? []).map(({ name, description }) => [name, description]));
  return Object.fromEntries(
    mistakesOf(rg3).map(({ name }) => [name, own[name] ?? MISTAKES[name] ?? EXACT[name as Mistake]]),
  );
}

/** Those of the arithmetic world. */
const EXACT: Record<Mistake, string> = {
  calculation: MISTAKES.calculation!,
  operation: 'another operation than the problem asks for is used',
  number: 'another number than the one in the problem is used',
  skipped: 'a step of the solution is left out',
};
