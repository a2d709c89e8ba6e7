import type { Value } from './arithmetic.ts';
import type { Budget } from './budget.ts';
import { type Answer, binary, type Expression, numeral, rewrite, variables } from './expression.ts';
import { constantValue, sameExpression } from './identity.ts';
import { nameOf } from './names.ts';
import { rational } from './rational.ts';

/** An end of an interval: a number, or an infinity. */
type End = { expression: Expression; value: Value } | 'low' | 'high';

/** A set of real numbers whose ends are numbers, by what it holds of the ends and of the gaps between them. */
export interface RealSet {
  /** What the condition is on, where it names it: `x` of `x > 2`. */
  name: string | null;
  ends: End[];
  /** `rank` gives the place of an end among all ends of both sets: 2i + 1 for the i-th, even numbers for the gaps. */
  has(place: number, rank: (end: End) => number): boolean;
}

/** Reads intervals, unions, inequalities and the like; null for anything else, for instance where an end has variables. */
export function realSet(answer: Answer, budget: Budget): RealSet | null {
  switch (answer.type) {
    case 'text':
      return ALL_REALS.test(answer.text) ? ALL : null;
    case 'tuple':
      return answer.items.length === 2 ? interval(answer, budget) : null;
    case 'set':
      return combine(
        answer.items.map((item) => point(item, budget)),
        (held) => held.some(Boolean),
      );
    case 'setOperation':
      return combine([realSet(answer.left, budget), realSet(answer.right, budget)], ([left, right]) =>
        answer.operator === 'cup' ? left! || right! : answer.operator === 'cap' ? left! && right! : left! && !right!,
      );
    case 'relation':
      return relation(answer, budget);
    case 'list':
      return fromList(answer, budget);
    default:
      return null;
  }
}

export function sameRealSet(a: RealSet, b: RealSet, budget: Budget): boolean {
  const compare = (end: End, other: End) => compareEnds(end, other, budget);
  if (a.name !== null && b.name !== null && a.name !== b.name) return false;
  const sorted = [...a.ends, ...b.ends].sort(compare);
  const distinct = sorted.filter((end, index) => index === 0 || compare(sorted[index - 1]!, end) !== 0);
  const ranks = new Map<End, number>();
  const rank = (end: End) => {
    const known = ranks.get(end) ?? 2 * distinct.findIndex((other) => compare(end, other) === 0) + 1;
    ranks.set(end, known);
    return known;
  };
  for (let place = 0; place <= 2 * distinct.length; place++) {
    const end = place % 2 === 1 ? distinct[(place - 1) / 2] : undefined;
    if (end === 'low' || end === 'high') continue;
    if (beyondInfinity(place, distinct)) continue;
    if (a.has(place, rank) !== b.has(place, rank)) return false;
  }
  return true;
}

/** Whether a gap lies below minus infinity or above infinity, where no number is. */
const beyondInfinity = (place: number, ends: End[]) =>
  (place === 0 && ends[0] === 'low') || (place === 2 * ends.length && ends.at(-1) === 'high');

const ALL: RealSet = { name: null, ends: [], has: () => true };
const NONE: RealSet = { name: null, ends: [], has: () => false };
const ALL_REALS = /^(?:set R|all real(?: number| value)?s)$/i;

function combine(sets: (RealSet | null)[], of: (held: boolean[]) => boolean): RealSet | null {
  if (sets.some((set) => set === null)) return null;
  const known = sets as RealSet[];
  if (known.length === 0) return NONE;
  const names = new Set(known.map(({ name }) => name).filter((name) => name !== null));
  if (names.size > 1) return null;
  return {
    name: [...names][0] ?? null,
    ends: known.flatMap(({ ends }) => ends),
    has: (place, rank) => of(known.map((set) => set.has(place, rank))),
  };
}

/**
 * "(0, 1), (2, 3)" and "x < 1 or x > 2" are unions, and "x > 1 and x < 2" holds both. So does "x > 1, x < 2", unless nothing can: "x < 1, x > 2".
 */
function fromList({ items, joined }: Answer & { type: 'list' }, budget: Budget): RealSet | null {
  const sets = items.map((item) => (item.type === 'value' ? point(item, budget) : realSet(item, budget)));
  const union = combine(sets, (held) => held.some(Boolean));
  if (joined === 'or' || !items.every((item) => item.type === 'relation')) return union;
  const intersection = combine(sets, (held) => held.every(Boolean));
  if (joined === 'and' && items.every(isInequality)) return intersection;
  return intersection && sameRealSet(intersection, NONE, budget) ? union : intersection;
}

function interval(tuple: Answer & { type: 'tuple' }, budget: Budget): RealSet | null {
  const [low, high] = tuple.items.map((item) => end(item, budget));
  if (!low || !high) return null;
  // What would hold nothing is no interval but a point.
  const order = compareEnds(low, high, budget);
  const [lowIn, highIn] = [tuple.open === '[', tuple.close === ']'];
  return order < 0 || (order === 0 && lowIn && highIn) ? between(null, low, lowIn, high, highIn) : null;
}

function between(name: string | null, low: End, lowIn: boolean, high: End, highIn: boolean): RealSet {
  return {
    name,
    ends: [low, high],
    has: (place, rank) => {
      const [from, to] = [rank(low), rank(high)];
      return (
        (place > from && place < to) ||
        (lowIn && place === from && from <= to) ||
        (highIn && place === to && from <= to)
      );
    },
  };
}

function point(item: Answer, budget: Budget): RealSet | null {
  const at = end(item, budget);
  return at && at !== 'low' && at !== 'high' ? between(null, at, true, at, true) : null;
}

const ABOVE = new Set(['>', '>=']);

/** `1 < x <= 2`, `x > 1`, `x \ne 3`, `x \in (1, 2)`. */
function relation({ operands, operators }: Answer & { type: 'relation' }, budget: Budget): RealSet | null {
  if (operators.length === 1 && operators[0] === 'in') {
    const inner = realSet(operands[1]!, budget);
    const name = nameOf(operands[0]!);
    return inner && name !== null ? { ...inner, name } : null;
  }
  if (operators.length === 1 && operators[0] === '|') return realSet(condition(operands[1]!), budget);
  const at = operands.findIndex((operand) => nameOf(operand) !== null || isAbsolute(operand));
  if (at < 0 || operands.length > 3) return null;
  const bounded = operands[at]!;
  const linear = isAbsolute(bounded) ? linearForm(bounded.value.args[0]!, budget) : null;
  const name = nameOf(bounded);
  if (!linear && name === null) return null;
  const sets = operators.map((operator, index) => {
    // Each operator stands between two operands, of which one is what is bounded.
    const left = operands[index]!;
    const right = operands[index + 1]!;
    if (index !== at && index + 1 !== at) return null;
    const bound = index === at ? right : left;
    const towards = index === at ? operator : (FLIPPED.get(operator) ?? operator);
    if (linear) return aroundCentre(linear, towards, bound, budget);
    const limit = end(bound, budget);
    return limit && oneSided(name, towards, limit);
  });
  return combine(sets, (held) => held.every(Boolean));
}

type Absolute = Answer & { type: 'value'; value: { type: 'call' } };

const isAbsolute = (answer: Answer): answer is Absolute =>
  answer.type === 'value' && answer.value.type === 'call' && answer.value.name === 'abs';

/** slope * name + constant, with a positive slope. */
interface Linear {
  name: string;
  slope: Expression;
  constant: Expression;
}

/** Of an expression or its negative; null where it is no linear form in one variable. */
function linearForm(expression: Expression, budget: Budget): Linear | null {
  const [name, ...others] = variables(expression);
  if (name === undefined || others.length > 0) return null;
  const at = (value: bigint) =>
    rewrite(expression, (part) => (part.type === 'symbol' && part.name === name ? numeral(rational(value)) : part));
  const constant = at(0n);
  const slope = binary('-', at(1n), constant);
  const rise = constantValue(slope, budget);
  if (!rise?.arithmetic.isReal(rise.value) || rise.arithmetic.isZero(rise.value)) return null;
  const form = binary('+', binary('*', slope, { type: 'symbol', name }), constant);
  if (!sameExpression(expression, form, budget)) return null;
  const negated = (part: Expression): Expression => (rise.value.re.s < 0 ? { type: 'negate', of: part } : part);
  return { name, slope: negated(slope), constant: negated(constant) };
}

/** `|2x + 1| < 3` is an interval, and `|2x + 1| > 3` all but one. */
function aroundCentre(
  { name, slope, constant }: Linear,
  operator: string,
  bound: Answer,
  budget: Budget,
): RealSet | null {
  if (!DIRECTED.has(operator) || bound.type !== 'value') return null;
  const ends = [{ type: 'negate', of: bound.value } as const, bound.value].map((distance) =>
    end({ type: 'value', value: binary('/', binary('-', distance, constant), slope), unit: null }, budget),
  );
  const [low, high] = ends;
  if (!low || !high) return null;
  const outside = ABOVE.has(operator);
  const closed = operator.endsWith('=') !== outside;
  const inside = between(name, low, closed, high, closed);
  return outside ? { ...inside, has: (place, rank) => !inside.has(place, rank) } : inside;
}

const condition = (set: Answer): Answer => (set.type === 'set' ? set.items[0]! : set);

export const DIRECTED = new Set(['<', '<=', '>', '>=']);

export const isInequality = (it: Answer): boolean =>
  it.type === 'relation' && it.operators.some((operator) => DIRECTED.has(operator) || operator === '!=');

/** An inequality read from the other side. */
export const FLIPPED = new Map([
  ['<', '>'],
  ['>', '<'],
  ['<=', '>='],
  ['>=', '<='],
]);

function oneSided(name: string | null, operator: string, bound: End): RealSet | null {
  const closed = operator.endsWith('=');
  if (ABOVE.has(operator)) return between(name, bound, closed, 'high', false);
  if (operator === '<' || operator === '<=') return between(name, 'low', false, bound, closed);
  if (operator === '=') return between(name, bound, true, bound, true);
  if (operator === '!=') return { name, ends: [bound], has: (place, rank) => place !== rank(bound) };
  return null;
}

function end(answer: Answer, budget: Budget): End | null {
  if (answer.type !== 'value' || (answer.unit !== null && answer.unit !== 'degree')) return null;
  const sign = infinity(answer.value);
  if (sign !== 0) return sign > 0 ? 'high' : 'low';
  const constant = constantValue(answer.value, budget);
  return constant?.arithmetic.isReal(constant.value) ? { expression: answer.value, value: constant.value } : null;
}

function infinity(expression: Expression): -1 | 0 | 1 {
  if (expression.type === 'symbol') return expression.name === 'infinity' ? 1 : 0;
  if (expression.type === 'negate') return -infinity(expression.of) as -1 | 0 | 1;
  return 0;
}

function compareEnds(a: End, b: End, budget: Budget): number {
  if (a === b) return 0;
  if (a === 'low' || b === 'high') return -1;
  if (a === 'high' || b === 'low') return 1;
  if (sameExpression(a.expression, b.expression, budget)) return 0;
  return a.value.re.comparedTo(b.value.re);
}
