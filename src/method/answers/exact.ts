import type { Expression } from './expression.ts';
import {
  add,
  divide,
  equal,
  gcd,
  multiply,
  negate,
  numeralInBase,
  power,
  type Rational,
  rational,
  TooLarge,
} from './rational.ts';

/**
 * The exact value of arithmetic on numbers; null where it is not rational, not defined, or has variables.
 * @throws TooLarge where it has more digits than is worth computing
 */
export function exactValue(expression: Expression): Rational | null {
  switch (expression.type) {
    case 'number':
      return expression.value;
    case 'negate': {
      const value = exactValue(expression.of);
      return value && negate(value);
    }
    case 'binary': {
      const [left, right] = [exactValue(expression.left), exactValue(expression.right)];
      return left && right && OPERATIONS[expression.operator](left, right);
    }
    case 'call': {
      const args = expression.args.map(exactValue);
      if (!Object.hasOwn(FUNCTIONS, expression.name) || args.some((arg) => arg === null)) return null;
      return FUNCTIONS[expression.name]!(...(args as Rational[]));
    }
    default:
      return null;
  }
}

/** The exact value; null, too, where it is too large. */
export function exactValueOrNull(expression: Expression): Rational | null {
  try {
    return exactValue(expression);
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}

const OPERATIONS = {
  '+': add,
  '-': (a: Rational, b: Rational) => add(a, negate(b)),
  '*': multiply,
  '/': divide,
  '^': power,
  mod: (a: Rational, b: Rational) => {
    const quotient = divide(a, b);
    return quotient && add(a, negate(multiply(b, floor(quotient))));
  },
};

const FUNCTIONS: Record<string, (...args: Rational[]) => Rational | null> = {
  abs: (a) => (a!.numerator < 0n ? negate(a!) : a!),
  floor: (a) => floor(a!),
  ceil: (a) => negate(floor(negate(a!))),
  factorial: (a) => falling(a!, a!),
  doubleFactorial: (a) => doubleFactorial(a!),
  binomial: (n, k) => {
    const [above, below] = [falling(n!, k!), falling(k!, k!)];
    return above && below && divide(above, below);
  },
  permutations: (n, k) => falling(n!, k!),
  base: (digits, base) => inBase(digits!, base!),
  max: (...args) => args.reduce((a, b) => (isLess(a, b) ? b : a)),
  min: (...args) => args.reduce((a, b) => (isLess(a, b) ? a : b)),
  gcd: (...args) => ofIntegers(args, gcd),
  lcm: (...args) => ofIntegers(args, (a, b) => (a === 0n || b === 0n ? 0n : (a * b) / gcd(a, b))),
};

const MAX_FACTORS = 3000n;
const MAX_BITS = 60_000n;

function integer(value: Rational): bigint | null {
  return value.numerator % value.denominator === 0n ? value.numerator / value.denominator : null;
}

/** n (n - 1) ... of k factors. */
function falling(n: Rational, k: Rational): Rational | null {
  const [from, factors] = [integer(n), integer(k)];
  if (from === null || factors === null || from < 0n || factors < 0n) return null;
  if (factors > MAX_FACTORS || BigInt(from.toString(2).length) * factors > MAX_BITS) throw new TooLarge();
  let product = 1n;
  for (let factor = from; factor > from - factors; factor--) product *= factor;
  return rational(product);
}

function doubleFactorial(n: Rational): Rational | null {
  const from = integer(n);
  if (from === null || from < 0n) return null;
  if (from > MAX_FACTORS) throw new TooLarge();
  let product = 1n;
  for (let factor = from; factor > 1n; factor -= 2n) product *= factor;
  return rational(product);
}

/** The number that a numeral means in another base, 2 to 10. */
function inBase(digits: Rational, base: Rational): Rational | null {
  const [numeral, radix] = [integer(digits), integer(base)];
  if (numeral === null || numeral < 0n || radix === null || radix < 2n || radix > 10n) return null;
  const value = numeralInBase(String(numeral), radix);
  return value === null ? null : rational(value);
}

function floor({ numerator, denominator }: Rational): Rational {
  const down = numerator / denominator;
  return rational(numerator % denominator !== 0n && numerator < 0n ? down - 1n : down);
}

const isLess = (a: Rational, b: Rational) => !equal(a, b) && a.numerator * b.denominator < b.numerator * a.denominator;

function ofIntegers(args: Rational[], of: (a: bigint, b: bigint) => bigint): Rational | null {
  const integers = args.map(integer);
  if (integers.some((value) => value === null)) return null;
  const magnitude = (value: bigint) => (value < 0n ? -value : value);
  return rational((integers as bigint[]).map(magnitude).reduce(of));
}
