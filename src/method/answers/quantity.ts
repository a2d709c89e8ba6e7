import type { Budget } from './budget.ts';
import { exactValueOrNull } from './exact.ts';
import { type Answer, type Expression, numeral, variables } from './expression.ts';
import { constantValue } from './identity.ts';
import { rational, reduced } from './rational.ts';
import { numberNamed } from './words.ts';

export type Quantity = Answer & { type: 'value' };

/** The number that words name: "twenty-one". null where they name none. */
export function quantityNamed(words: string): Quantity | null {
  const number = numberNamed(words);
  return number === null ? null : { type: 'value', value: numeral(rational(number)), unit: null };
}

/** "5 m" is five metres, and no product, beside another quantity with a unit; metres, grams and seconds also beside a mere number. */
export function withUnit(quantity: Quantity, other: Quantity): Quantity {
  const { value, unit } = quantity;
  const written = unit === null && value.type === 'binary' && value.operator === '*' ? unitLetter(value.right) : null;
  if (written === null || value.type !== 'binary' || variables(value.left).size > 0) return quantity;
  const isNumber = other.unit === null && variables(other.value).size === 0;
  return other.unit !== null || (isNumber && /^[mgs]/.test(written))
    ? { ...quantity, value: value.left, unit: written }
    : quantity;
}

/** `m`, `s^2` and the like. */
function unitLetter(expression: Expression): string | null {
  if (expression.type === 'symbol') return /^[msghlL]$/.test(expression.name) ? expression.name.toLowerCase() : null;
  if (expression.type !== 'binary' || expression.operator !== '^' || expression.right.type !== 'number') return null;
  const base = unitLetter(expression.left);
  return base && `${base}^${expression.right.value.numerator}`;
}

/** Whether `a` is a decimal of at least so many significant digits that stands for the endless number `b`, rounded or cut off. */
export function isRounded(a: Expression, b: Expression, significantDigits: number, budget: Budget): boolean {
  const decimal = a.type === 'negate' ? a.of : a;
  if (decimal.type !== 'number' || decimal.decimals === 0) return false;
  const { numerator, denominator } = decimal.value;
  if (String(numerator * (10n ** BigInt(decimal.decimals) / denominator)).length < significantDigits) return false;
  if (isTerminating(b)) return false;
  const [written, exact] = [constantValue(a, budget), constantValue(b, budget)];
  if (!written || !exact || exact.value.im) return false;
  return written.value.re.minus(exact.value.re).abs().lt(`1e-${decimal.decimals}`);
}

/** Whether it is a number that a decimal can write to its end. */
function isTerminating(expression: Expression): boolean {
  const value = exactValueOrNull(expression);
  if (value === null) return false;
  let { denominator } = reduced(value);
  for (const prime of [2n, 5n]) while (denominator % prime === 0n) denominator /= prime;
  return denominator === 1n;
}
