import type { Random } from '../../../method/random.ts';
import type { Level } from '../../../method/rows.ts';
import { between, pick, pickWeighted } from './draw.ts';
import type { World } from './world.ts';

export type Operation = '+' | '-' | '*' | '/';

/** One exact step on the quantity: `before operation operand = after`, all of them positive integers. */
export interface Step {
  before: number;
  operation: Operation;
  operand: number;
  after: number;
}

const WEIGHTS: Record<Operation, number> = { '+': 0.35, '-': 0.3, '*': 0.2, '/': 0.15 };

/** A chain of `level` steps, each going on from the one before. */
export function drawChain(level: Level, world: World, random: Random): Step[] {
  const cap = world.cap[level];
  const steps: Step[] = [];
  let before = between(random, 2, Math.floor(cap / 2));
  while (steps.length < level) {
    const operands = possibleOperands(before, cap, range(2, world.largestFactor));
    const weights = Object.fromEntries(
      (Object.keys(WEIGHTS) as Operation[]).filter((o) => operands[o].length > 0).map((o) => [o, WEIGHTS[o]]),
    );
    const operation = pickWeighted<Operation>(random, weights);
    const operand = pick(random, operands[operation]);
    const after = apply(before, operation, operand);
    steps.push({ before, operation, operand, after });
    before = after;
  }
  return steps;
}

function possibleOperands(before: number, cap: number, factors: number[]): Record<Operation, number[]> {
  return {
    '+': range(2, Math.min(99, cap - before)),
    '-': range(2, Math.min(99, before - 2)),
    '*': factors.filter((factor) => before * factor <= cap),
    '/': factors.filter((factor) => before % factor === 0 && before > factor),
  };
}

const range = (low: number, high: number) => Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i);

/** Divisions are rounded down: only a chain with a mistake in it has inexact ones. */
export function apply(before: number, operation: Operation, operand: number): number {
  if (operation === '+') return before + operand;
  if (operation === '-') return before - operand;
  if (operation === '*') return before * operand;
  return Math.floor(before / operand);
}

/** What the problem is apart from its wording, for instance `14+24*3`. */
export const skeleton = (steps: readonly Step[]): string =>
  steps[0]!.before + steps.map((step) => step.operation + step.operand).join('');

export const equation = ({ before, operation, operand, after }: Step): string =>
  `${before}${operation}${operand}=${after}`;

const EQUATION = /(\d+) ?([-+*/]) ?(\d+) ?= ?(\d+)/g;

/** The last equation in a line, as it is written there (right or not); undefined where there is none. */
export function findEquation(line: string): Step | undefined {
  const found = [...line.matchAll(EQUATION)].at(-1);
  if (!found) return undefined;
  const [, before, operation, operand, after] = found;
  return { before: Number(before), operation: operation as Operation, operand: Number(operand), after: Number(after) };
}
