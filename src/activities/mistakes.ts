import { MISTAKE_WEIGHTS, type Mistake } from '../backends/datasets/arithmetic/index.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import type { WeightedMistake } from '../method/critiques/plan-paths.ts';
import { MISTAKES } from '../method/critiques/taxonomy.ts';

/** The kinds of mistakes that are planted, each as often as it weighs: by default all that the writer knows. */
export function mistakesOf({ writer, mistakes }: NonNullable<BuildCritiquesConfig['flaws']['rg3']>): WeightedMistake[] {
  if (mistakes) return mistakes;
  const names =
    writer.source === 'exact' ? MISTAKE_WEIGHTS : Object.fromEntries(Object.keys(MISTAKES).map((name) => [name, 1]));
  return Object.entries(names).map(([name, weight]) => ({ name, weight }));
}

/** What a kind of mistake is, in words. */
export function describeMistake({ flaws }: BuildCritiquesConfig, name: string): string {
  const own = flaws.rg3?.mistakes?.find((mistake) => mistake.name === name)?.description;
  return own ?? MISTAKES[name] ?? EXACT[name as Mistake];
}

/** Those of the arithmetic world. */
const EXACT: Record<Mistake, string> = {
  calculation: MISTAKES.calculation!,
  operation: 'another operation than the problem asks for is used',
  number: 'another number than the one in the problem is used',
  skipped: 'a step of the solution is left out',
};
