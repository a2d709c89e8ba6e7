import type { Random } from '../../../method/random.ts';
import type { Question } from '../../../method/rows.ts';
import { apply, findEquation, type Operation, type Step } from './chain.ts';
import { between, pick, pickWeighted } from './draw.ts';
import { writeSolution } from './write.ts';

/** The mistakes of RG3 (method.md B1) in this world. */
export type Mistake = 'calculation' | 'operation' | 'number' | 'skipped';

export interface Flawed {
  response: string;
  mistake: Mistake;
  /** 1-based: the step of the solution at which the mistake was made. */
  step: number;
}

/** How often each is made, where nobody says otherwise. */
export const MISTAKE_WEIGHTS: Record<Mistake, number> = {
  calculation: 0.45,
  operation: 0.15,
  number: 0.3,
  skipped: 0.1,
};

/** The steps of a question's solution. */
export const solutionSteps = (question: Question): Step[] =>
  (question.solution ?? '').split('\n').flatMap((line) => findEquation(line) ?? []);

/**
 * The solution with one mistake in it; the steps after it go on from what it led to, and the final answer is wrong.
 * Needs a question of this world: one whose solution has an equation a line.
 */
export function flaw(
  question: Question,
  random: Random,
  weights: Partial<Record<Mistake, number>> = MISTAKE_WEIGHTS,
): Flawed {
  const steps = solutionSteps(question);
  for (;;) {
    const mistake = pickWeighted(random, weights);
    if (mistake === 'skipped' && steps.length === 1) continue;
    const at = between(random, 0, steps.length - 1);
    const flawed = goWrong(steps, at, mistake, random);
    const answer = flawed.at(-1)!.after;
    if (String(answer) === question.reference || flawed.some((step) => step.after < 0)) continue;
    return { response: writeSolution(flawed, random), mistake, step: at + 1 };
  }
}

/** The steps with a mistake in the one at `at`, of which the later ones follow. */
export function goWrong(steps: readonly Step[], at: number, mistake: Mistake, random: Random): Step[] {
  return goOn(steps, at, misstep(steps[at]!, mistake, random));
}

/** What stands in the place of a step: nothing where it is skipped. */
function misstep(step: Step, mistake: Mistake, random: Random): Step | undefined {
  if (mistake === 'skipped') return undefined;
  if (mistake === 'calculation') return { ...step, after: slip(step.after, random) };
  const changed =
    mistake === 'number'
      ? { ...step, operand: otherOperand(step, random) }
      : { ...step, operation: pick(random, OTHERS[step.operation]) };
  return { ...changed, after: apply(changed.before, changed.operation, changed.operand) };
}

const OTHERS: Record<Operation, readonly Operation[]> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/', '+'],
  '/': ['*', '-'],
};

/** A digit wrong, a carry forgotten or one off. */
function slip(after: number, random: Random): number {
  const off = pick(random, [1, 1, 2, 10, 10, after < 100 ? 10 : 100, between(random, 3, 9)]);
  return random.next() < 0.5 && after > off ? after - off : after + off;
}

function otherOperand({ operation, operand }: Step, random: Random): number {
  const high = operation === '*' || operation === '/' ? 9 : 99;
  let other = operand;
  while (other === operand) other = between(random, 2, high);
  return other;
}

function goOn(steps: readonly Step[], at: number, misstep: Step | undefined): Step[] {
  const flawed = [...steps.slice(0, at), ...(misstep ? [misstep] : [])];
  for (const { operation, operand } of steps.slice(at + 1)) {
    const before = flawed.at(-1)?.after ?? steps[0]!.before;
    flawed.push({ before, operation, operand, after: apply(before, operation, operand) });
  }
  return flawed;
}
