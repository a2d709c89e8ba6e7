import { digest } from '../random.ts';
import { type Arithmetic, Undefined, type Value } from './arithmetic.ts';
import { exactValue } from './exact.ts';
import type { Expression } from './expression.ts';
import { rational, reduced, TooLarge } from './rational.ts';

/** What each variable is at the point of evaluation. */
export type Point = ReadonlyMap<string, Value>;

const MAX_TERMS = 100;

/**
 * The value of an expression at a point. What has no meaning of its own (an unknown function, an integral, a sum without numbers for limits)
 * is a number drawn from its name and the values of its arguments: the same for arguments that are the same, however they are written.
 * @throws Undefined where it has none
 */
export function evaluate(expression: Expression, at: Point, arithmetic: Arithmetic): Value {
  const of = (part: Expression) => evaluate(part, at, arithmetic);
  switch (expression.type) {
    case 'number':
      return arithmetic.rational(expression.value);
    case 'symbol':
      return symbol(expression.name, at, arithmetic);
    case 'negate':
      return arithmetic.negate(of(expression.of));
    case 'binary':
      return operate(expression, at, arithmetic);
    case 'call':
      return apply(expression, at, arithmetic);
    case 'bound':
      return bound(expression, at, arithmetic);
    case 'plusMinus':
      throw new Undefined();
  }
}

function symbol(name: string, at: Point, arithmetic: Arithmetic): Value {
  const value = at.get(name);
  if (value) return value;
  if (name === 'pi') return arithmetic.pi();
  if (name === 'e') return arithmetic.e();
  if (name === 'i') return arithmetic.imaginaryUnit();
  return drawn(name, [], arithmetic);
}

function operate(expression: Expression & { type: 'binary' }, at: Point, arithmetic: Arithmetic): Value {
  const { operator, left, right } = expression;
  if (operator === '^') {
    if (left.type === 'symbol' && left.name === 'e') return arithmetic.exp(evaluate(right, at, arithmetic));
    // A numeral as exponent may be a fraction with an odd denominator: (-8)^{1/3} is -2, as school has it.
    const exact = exactValue(right);
    const exponent = exact && reduced(exact);
    const base = evaluate(left, at, arithmetic);
    if (exponent && exponent.denominator !== 1n && exponent.denominator < 1000n && exponent.numerator !== 0n) {
      const root = arithmetic.root(base, Number(exponent.denominator));
      return arithmetic.power(root, arithmetic.rational(rational(exponent.numerator)));
    }
    return arithmetic.power(base, evaluate(right, at, arithmetic));
  }
  const [a, b] = [evaluate(left, at, arithmetic), evaluate(right, at, arithmetic)];
  switch (operator) {
    case '+':
      return arithmetic.add(a, b);
    case '-':
      return arithmetic.subtract(a, b);
    case '*':
      return arithmetic.multiply(a, b);
    case '/':
      return arithmetic.divide(a, b);
    case 'mod':
      return arithmetic.subtract(a, arithmetic.multiply(b, arithmetic.floor(arithmetic.divide(a, b))));
  }
}

type Unary = (a: Value, arithmetic: Arithmetic) => Value;

const reciprocal =
  (of: Unary): Unary =>
  (a, arithmetic) =>
    arithmetic.divide(arithmetic.number(1), of(a, arithmetic));

const quotient =
  (above: Unary, below: Unary): Unary =>
  (a, arithmetic) =>
    arithmetic.divide(above(a, arithmetic), below(a, arithmetic));

const sin: Unary = (a, arithmetic) => arithmetic.sin(a);
const cos: Unary = (a, arithmetic) => arithmetic.cos(a);
const half = (a: Value, arithmetic: Arithmetic) => arithmetic.divide(a, arithmetic.number(2));
const hyperbolic =
  (operation: 'add' | 'subtract'): Unary =>
  (a, it) => {
    const power = it.exp(a);
    return half(it[operation](power, it.divide(it.number(1), power)), it);
  };
const sinh = hyperbolic('subtract');
const cosh = hyperbolic('add');

const UNARY: Record<string, Unary> = {
  sqrt: (a, it) => it.sqrt(a),
  exp: (a, it) => it.exp(a),
  ln: (a, it) => it.ln(a),
  log: (a, it) => it.divide(it.ln(a), it.ln(it.number(10))),
  lg: (a, it) => it.divide(it.ln(a), it.ln(it.number(10))),
  sin,
  cos,
  tan: quotient(sin, cos),
  cot: quotient(cos, sin),
  sec: reciprocal(cos),
  csc: reciprocal(sin),
  arcsin: (a, it) => it.asin(a),
  arccos: (a, it) => it.acos(a),
  arctan: (a, it) => it.atan(a),
  arccot: (a, it) => it.subtract(half(it.pi(), it), it.atan(a)),
  sinh,
  cosh,
  tanh: quotient(sinh, cosh),
  cis: (a, it) => it.add(it.cos(a), it.multiply(it.imaginaryUnit(), it.sin(a))),
  abs: (a, it) => it.abs(a),
  floor: (a, it) => it.floor(a),
  ceil: (a, it) => it.negate(it.floor(it.negate(a))),
  degrees: (a, it) => it.multiply(a, it.divide(it.pi(), it.number(180))),
};

function apply(expression: Expression & { type: 'call' }, at: Point, arithmetic: Arithmetic): Value {
  const args = expression.args.map((arg) => evaluate(arg, at, arithmetic));
  const [first, second] = args as [Value, Value];
  const { name } = expression;
  if (args.length === 1 && Object.hasOwn(UNARY, name)) return UNARY[name]!(first, arithmetic);
  if (name === 'root') {
    const degree = smallInteger(second);
    return arithmetic.root(first, degree);
  }
  if (name === 'logarithm') return arithmetic.divide(arithmetic.ln(first), arithmetic.ln(second));
  if ((name === 'max' || name === 'min') && args.length > 1)
    return args.reduce((a, b) => (a.re.lt(b.re) === (name === 'max') ? b : a));
  if (OF_INTEGERS.has(name)) return ofIntegers(name, args, arithmetic);
  return drawn(name, args, arithmetic);
}

/** Defined at integers only, and computed exactly. */
export const OF_INTEGERS = new Set(['factorial', 'doubleFactorial', 'binomial', 'permutations', 'gcd', 'lcm', 'base']);

function ofIntegers(name: string, args: Value[], arithmetic: Arithmetic): Value {
  const integers = args.map((arg): Expression => {
    if (arg.im || !arg.re.isInteger() || arg.re.abs().gt(1e12)) throw new Undefined();
    return { type: 'number', value: rational(BigInt(arg.re.toFixed(0))), decimals: 0 };
  });
  try {
    const value = exactValue({ type: 'call', name, args: integers });
    if (value) return arithmetic.rational(value);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
  }
  throw new Undefined();
}

function smallInteger(value: Value): number {
  if (value.im || !value.re.isInteger() || value.re.lt(1) || value.re.gt(1000)) throw new Undefined();
  return value.re.toNumber();
}

/** A finite sum or product is computed; anything else is drawn from its limits and from its body at two places. */
function bound(expression: Expression & { type: 'bound' }, at: Point, arithmetic: Arithmetic): Value {
  const { name, variable, limits, body } = expression;
  const ends = limits.map((limit) => evaluate(limit, at, arithmetic));
  const bodyAt = (value: Value) => evaluate(body, new Map([...at, [variable, value]]), arithmetic);
  const [low, high] = ends;
  const finite =
    (name === 'sum' || name === 'prod') && variable !== '' && low && high && isInteger(low) && isInteger(high);
  if (finite && high.re.minus(low.re).lte(MAX_TERMS)) {
    let total = arithmetic.number(name === 'sum' ? 0 : 1);
    for (let index = low.re.toNumber(); index <= high.re.toNumber(); index++) {
      const term = bodyAt(arithmetic.number(index));
      total = name === 'sum' ? arithmetic.add(total, term) : arithmetic.multiply(total, term);
    }
    return total;
  }
  const places =
    variable === '' ? [bodyAt(arithmetic.number(0))] : [2.375, 5.0625].map((x) => bodyAt(arithmetic.number(x)));
  return drawn(`bound ${name}`, [...ends, ...places], arithmetic);
}

const isInteger = (value: Value) => !value.im && value.re.isInteger() && value.re.abs().lt(1e9);

/** A number in [1, 2) that depends on nothing but the name and the first 20 digits of the arguments. */
function drawn(name: string, args: Value[], arithmetic: Arithmetic): Value {
  const shown = args.map(({ re, im }) => `${re.toSignificantDigits(20)}${im ? `,${im.toSignificantDigits(20)}` : ''}`);
  const seed = `${name}(${shown.join(';')})`;
  const digits = [1, 2].map((part) => String(digest(`${part}${seed}`)).padStart(16, '0')).join('');
  return arithmetic.number(`1.${digits}`);
}
