/** An exact number: numerator over a positive denominator, not necessarily reduced. */
export interface Rational {
  numerator: bigint;
  denominator: bigint;
}

/** Larger numbers are refused: no answer needs them, and they cost time. */
const MAX_BITS = 20_000;

export class TooLarge extends Error {}

export const rational = (numerator: bigint, denominator = 1n): Rational =>
  denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };

export const equal = (a: Rational, b: Rational) => a.numerator * b.denominator === b.numerator * a.denominator;

export const add = (a: Rational, b: Rational) =>
  bounded(rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator));

export const negate = (a: Rational) => rational(-a.numerator, a.denominator);

export const multiply = (a: Rational, b: Rational) =>
  bounded(rational(a.numerator * b.numerator, a.denominator * b.denominator));

/** null where b is 0. */
export const divide = (a: Rational, b: Rational) =>
  b.numerator === 0n ? null : bounded(rational(a.numerator * b.denominator, a.denominator * b.numerator));

/** null where the exponent is no integer, or for 0 to a power that is not positive. */
export function power(base: Rational, exponent: Rational): Rational | null {
  if (exponent.numerator % exponent.denominator !== 0n) return null;
  const times = exponent.numerator / exponent.denominator;
  if (base.numerator === 0n && times <= 0n) return null;
  const size = times < 0n ? -times : times;
  if (size * BigInt(Math.max(bits(base.numerator), bits(base.denominator))) > BigInt(MAX_BITS)) throw new TooLarge();
  const raised = rational(base.numerator ** size, base.denominator ** size);
  return times < 0n ? rational(raised.denominator, raised.numerator) : raised;
}

/** In lowest terms. */
export function reduced({ numerator, denominator }: Rational): Rational {
  const divisor = gcd(numerator < 0n ? -numerator : numerator, denominator);
  return rational(numerator / divisor, denominator / divisor);
}

/** Of integers that are not negative. */
export function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** What a numeral means in a base of 2 to 36, its letters in either case; null where one of them is no digit there. */
export function numeralInBase(numeral: string, base: bigint): bigint | null {
  let value = 0n;
  for (const character of numeral) {
    const digit = BigInt(parseInt(character, 36));
    if (digit >= base) return null;
    value = value * base + digit;
  }
  return value;
}

function bounded(value: Rational): Rational {
  if (bits(value.numerator) > MAX_BITS || bits(value.denominator) > MAX_BITS) throw new TooLarge();
  return value;
}

/** At least the number of bits of the magnitude, at most four more. */
const bits = (value: bigint) => 4 * value.toString(16).length;
