import { digest } from '../random.ts';
import { Arithmetic, Undefined, type Value } from './arithmetic.ts';
import { type Budget, OutOfBudget } from './budget.ts';
import { evaluate, OF_INTEGERS, type Point } from './evaluate.ts';
import { exactValue } from './exact.ts';
import { type Expression, some, variables } from './expression.ts';
import { equal, TooLarge } from './rational.ts';

/** Digits that are compared, and with how many numbers are confirmed once these agree. */
const DIGITS = 32;
const CONFIRMING_DIGITS = 80;
const MOST_DIGITS = 1000;
/** Where a part has more digits than this before or after the point, more digits are computed. */
const LARGE = 8;
/** Values that agree in fewer digits than this are too inexact to be called the same. */
const MEANINGFUL = 12;
const ROUNDS = 8;
const ENOUGH = 3;
/** From this round on the points are far away, and two that agree will do. */
const FAR = 5;

/** Where variables are put: positive, of either sign, near 0, and far from it; most formulas need the first four. */
const RANGES: [number, number][] = [
  [0.4, 2.8],
  [1.05, 1.5],
  [-3, 3],
  [0.05, 0.95],
  [-0.9, 0.9],
  [3, 7],
  [-7, 7],
  [40, 90],
];

/**
 * Whether two expressions are the same number, or the same function where both are real. Rational numbers are compared exactly. All else is
 * evaluated, with error bounds, to 32 digits (numbers, once they agree, to 80) at points drawn from the names of the variables: an identity
 * of formulas of this size that holds at several random points fails elsewhere with a probability far below 10^-20.
 */
export function sameExpression(a: Expression, b: Expression, budget: Budget): boolean {
  const names = new Set([...variables(a), ...variables(b)]);
  if (names.size === 0) return sameConstant(a, b, budget);
  return atPoints([a, b], names, budget, ([left, right], arithmetic) => sameValue(left!, right!, arithmetic));
}

/** Whether a = k b with a number k that is not 0, as two sides of an equation are the same; with `sign` only a k of that sign. */
export function proportional(a: Expression, b: Expression, sign: 1 | -1 | null, budget: Budget): boolean {
  const names = new Set([...variables(a), ...variables(b)]);
  if (names.size === 0) return sameConstant(a, b, budget);
  let ratio: Value | null = null;
  return atPoints([a, b], names, budget, ([left, right], arithmetic) => {
    if (arithmetic.isZero(left!) || arithmetic.isZero(right!))
      return arithmetic.isZero(left!) && arithmetic.isZero(right!) ? null : false;
    const here = arithmetic.divide(left!, right!);
    if (sign !== null && (here.im || here.re.s !== sign)) return false;
    ratio ??= here;
    return sameValue(here, ratio, arithmetic);
  });
}

/** The value of a number to 32 digits; null where it has variables or no value. */
export function constantValue(expression: Expression, budget: Budget): { value: Value; arithmetic: Arithmetic } | null {
  if (variables(expression).size > 0) return null;
  const found = valuesAt([expression], {}, DIGITS, budget);
  return found && { value: found.values[0]!, arithmetic: found.arithmetic };
}

function sameConstant(a: Expression, b: Expression, budget: Budget): boolean {
  let tooLarge = false;
  try {
    const [left, right] = [exactValue(a), exactValue(b)];
    if (left && right) return equal(left, right);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    tooLarge = true;
  }
  const same = (values: Value[], arithmetic: Arithmetic) => sameValue(values[0]!, values[1]!, arithmetic);
  if (judge([a, b], {}, budget, same, CONFIRMING_DIGITS)?.held !== true) return false;
  // Digits of such sizes agree for neighbours too.
  if (tooLarge) throw new OutOfBudget();
  return true;
}

/**
 * Whether `holds` is true at enough points: those where all values are real, or all points where nowhere they are. A point at which it can't
 * be decided (null) counts as neither.
 */
function atPoints(
  expressions: Expression[],
  names: ReadonlySet<string>,
  budget: Budget,
  holds: (values: Value[], arithmetic: Arithmetic) => boolean | null,
): boolean {
  const onIntegers = expressions.some((it) => some(it, needsIntegers));
  let confirmed = 0;
  let complex = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const at = Object.fromEntries([...names].map((name) => [name, draw(name, round, onIntegers)]));
    const judged = judge(expressions, at, budget, holds, DIGITS);
    if (judged === null) continue;
    const { held, real } = judged;
    if (real && held === false) return false;
    if (real && held) confirmed++;
    if (!real) complex += held ? 1 : Number.NEGATIVE_INFINITY;
    if (confirmed >= (round < FAR ? ENOUGH : 2) && round >= ENOUGH) return true;
  }
  return confirmed > 0 || complex >= ENOUGH;
}

/**
 * What `holds` says at one point; null where an expression has no value there. What seems the same is computed again to twice as
 * many digits more as its largest and smallest parts have, so that 10^50 x + 1 is not 10^50 x + 2 and 2^{1/2^{1000}} is not 1.
 */
function judge(
  expressions: Expression[],
  at: Record<string, string>,
  budget: Budget,
  holds: (values: Value[], arithmetic: Arithmetic) => boolean | null,
  confirming: number,
): { held: boolean | null; real: boolean } | null {
  const first = valuesAt(expressions, at, DIGITS, budget);
  if (first === null) return null;
  const real = first.values.every((value) => first.arithmetic.isReal(value));
  const held = holds(first.values, first.arithmetic);
  const extent = first.arithmetic.extent;
  const digits = extent > LARGE ? confirming + 2 * Math.ceil(extent) : confirming;
  if (held === false || digits === DIGITS) return { held, real };
  if (digits > MOST_DIGITS) throw new OutOfBudget();
  const second = valuesAt(expressions, at, digits, budget);
  return second && { held: holds(second.values, second.arithmetic), real };
}

function valuesAt(
  expressions: Expression[],
  at: Record<string, string>,
  digits: number,
  budget: Budget,
): { values: Value[]; arithmetic: Arithmetic } | null {
  const arithmetic = new Arithmetic(digits, budget);
  const point: Point = new Map(Object.entries(at).map(([name, value]) => [name, arithmetic.number(value)]));
  try {
    return { values: expressions.map((it) => evaluate(it, point, arithmetic)), arithmetic };
  } catch (error) {
    if (error instanceof Undefined) return null;
    throw error;
  }
}

/** null where the values are known too badly to tell. */
export function sameValue(a: Value, b: Value, arithmetic: Arithmetic): boolean | null {
  const difference = arithmetic.subtract(a, b);
  if (!arithmetic.isZero(difference)) return false;
  if (arithmetic.isZero(a) && arithmetic.isZero(b)) return difference.error <= -MEANINGFUL ? true : null;
  const size = Math.min(arithmetic.magnitude(a), arithmetic.magnitude(b), 0);
  return difference.error <= size - MEANINGFUL ? true : null;
}

/** Factorials and the like, and sums up to a variable, have a value at integers only. */
const needsIntegers = (part: Expression): boolean =>
  part.type === 'call'
    ? OF_INTEGERS.has(part.name)
    : part.type === 'bound' &&
      /^(?:sum|prod)$/.test(part.name) &&
      part.limits.some((limit) => variables(limit).size > 0);

function draw(name: string, round: number, integer: boolean): string {
  const share = digest(`${round}/${name}`) / 2 ** 53;
  if (integer) return String(3 + round + Math.floor(share * 9));
  const [low, high] = RANGES[round]!;
  return (low + share * (high - low)).toFixed(9);
}
