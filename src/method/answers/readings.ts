import { exactValueOrNull } from './exact.ts';
import type { Answer } from './expression.ts';
import { parseAnswer } from './parse.ts';
import type { Policies } from './policies.ts';
import { quantityNamed } from './quantity.ts';
import { Unreadable } from './tokens.ts';

/**
 * The ways to read a unified answer and its reference, the plain one first: "1,234" is one number or two, and "4,5" is 4.5 where the other side is
 * such a number, and "2*I" is 2i beside an imaginary one. What can't be read is left out.
 */
export function readings(a: string, b: string, policies: Policies): [Answer, Answer][] {
  const [left, right] = [read(a, true), read(b, true)];
  const ways = [[left, right]];
  if (GROUPS.test(a) || GROUPS.test(b)) ways.push([read(a, false), read(b, false)]);
  if (policies.decimalComma) {
    if (DECIMAL_COMMA.test(a) && isBroken(right)) ways.push([read(a.replace(',', '.'), true), right]);
    if (DECIMAL_COMMA.test(b) && !ONE_DECIMAL.test(b) && isBroken(left))
      ways.push([left, read(b.replace(',', '.'), true)]);
  }
  if (SYMPY_UNIT.test(a) && IMAGINARY.test(b)) ways.push([read(a.split(SYMPY_UNIT).join('*i'), true), right]);
  if (SYMPY_UNIT.test(b) && IMAGINARY.test(a)) ways.push([left, read(b.split(SYMPY_UNIT).join('*i'), true)]);
  return ways.filter((way): way is [Answer, Answer] => way.every((side) => side !== null));
}

/** SymPy's imaginary unit: `6.0 + 9.0*I`. */
const SYMPY_UNIT = /\*\s*I(?![A-Za-z_])/;
const IMAGINARY = /(?<![A-Za-z\\])i(?![A-Za-z])/;
const GROUPS = /\d[, ]\d{3}(?!\d)/;
const DECIMAL_COMMA = /^[^,\d]*(?:0,\d+|\d+,(?!\d{3}(?!\d))\d+)[^,\d]*$/;
/** A reference of "1,2" is two numbers. */
const ONE_DECIMAL = /,\d\D*$/;

function read(text: string, groups: boolean): Answer | null {
  try {
    return quantityNamed(text) ?? parseAnswer(text, { groups });
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

/** Whether it is one number that is no integer. */
function isBroken(answer: Answer | null): boolean {
  if (answer?.type !== 'value') return false;
  const value = exactValueOrNull(answer.value);
  return value !== null && value.numerator % value.denominator !== 0n;
}
