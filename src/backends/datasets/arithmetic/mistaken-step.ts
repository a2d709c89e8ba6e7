import type { PathPlan } from '../../../method/critiques/plan-paths.ts';
import type { Random } from '../../../method/random.ts';
import { findEquation } from './chain.ts';
import { goWrong, type Mistake, solutionSteps } from './flaw.ts';
import { writeStep } from './write.ts';

const TRIES = 20;

/**
 * The step of a plan with a mistake of this kind in it, as a line: it stands in for the model that writes mistakes (RG3, method.md B1).
 * null where there is none: the right step is not the one that the problem has there, or no such mistake leads to another number that a
 * solution of this world can have. Needs a question whose solution has an equation a line.
 */
export function mistakenStep(
  plan: Pick<PathPlan, 'question' | 'errorStep' | 'nextStep'>,
  mistake: Mistake,
  random: Random,
): string | null {
  const steps = solutionSteps(plan.question);
  const at = plan.errorStep - 1;
  const right = steps[at];
  if (!right || findEquation(plan.nextStep)?.after !== right.after) return null;
  for (let tries = 0; tries < TRIES; tries++) {
    const wrong = goWrong(steps, at, mistake, random)[at];
    if (wrong && wrong.after !== right.after && wrong.after >= 0) return writeStep(wrong, random);
  }
  return null;
}
