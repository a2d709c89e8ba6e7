import { Decimal } from 'decimal.js';
import { describe, expect, it } from 'vitest';
import { Arithmetic, Undefined, type Value } from '../../../src/method/answers/arithmetic.ts';
import { Budget, OutOfBudget } from '../../../src/method/answers/budget.ts';
import { evaluate } from '../../../src/method/answers/evaluate.ts';
import { exactValue } from '../../../src/method/answers/exact.ts';
import type { Expression } from '../../../src/method/answers/expression.ts';
import { unify } from '../../../src/method/answers/notation.ts';
import { parseAnswer } from '../../../src/method/answers/parse.ts';
import fc from '../../support/properties.ts';

const withDigits = (digits: number) => new Arithmetic(digits, new Budget(1e9));

function expressionOf(text: string): Expression {
  const answer = parseAnswer(unify(text), { groups: true });
  if (answer.type !== 'value') throw new Error(`${text} is a ${answer.type}`);
  return answer.value;
}

const valueIn = (text: string, arithmetic = withDigits(40)) => evaluate(expressionOf(text), new Map(), arithmetic);

/** `3.14` or `1 + 2i`, to ten digits. */
const shown = ({ re, im }: Value) => `${re.toSignificantDigits(10)}${im ? ` + ${im.toSignificantDigits(10)}i` : ''}`;

describe('evaluate', () => {
  it.each([
    ['\\frac{1}{3}', '0.3333333333'],
    ['\\sqrt{2}', '1.414213562'],
    ['\\sqrt[3]{-8}', '-2'],
    ['(-8)^{1/3}', '-2'],
    ['\\sqrt{-4}', '0 + 2i'],
    ['(1+i)^2', '0 + 2i'],
    ['e^{i\\pi}', '-1'],
    ['\\ln(-1)', '0 + 3.141592654i'],
    ['\\log_2 10', '3.321928095'],
    ['\\log 1000', '3'],
    ['\\sin 30^\\circ', '0.5'],
    ['\\cos^2 1 + \\sin^2 1', '1'],
    ['\\tan^{-1} 1', '0.7853981634'],
    ['\\arcsin 1', '1.570796327'],
    ['\\sinh 1', '1.175201194'],
    ['|3-5i|', '5.830951895'],
    ['\\lfloor -2.5 \\rfloor', '-3'],
    ['\\lceil 2.1 \\rceil', '3'],
    ['5!', '120'],
    ['7!!', '105'],
    ['\\binom{10}{3}', '120'],
    ['17 \\bmod 5', '2'],
    ['\\gcd(12, 18)', '6'],
    ['1011_2', '11'],
    ['\\sum_{k=1}^{10} k^2', '385'],
    ['\\prod_{k=1}^{5} k', '120'],
    ['2^{-3}', '0.125'],
    ['2^{3^2}', '512'],
    ['-2^2', '-4'],
    ['6/2(1+2)', '9'],
  ])('%s is %s', (text, value) => {
    const found = valueIn(text);
    const zero = (it: Decimal) => (it.abs().lt('1e-30') ? new Decimal(0) : it);
    expect(shown({ ...found, re: zero(found.re), im: found.im && zero(found.im) })).toBe(value);
  });

  it.each(['\\frac{1}{0}', '\\ln 0', '0^{-1}', '(-1)!', '2.5!', '\\arcsin 2', '\\tan(i)', '\\sin(10^{30})'])(
    '%s has no value',
    (text) => {
      expect(() => valueIn(text)).toThrow(Undefined);
    },
  );
});

describe('error bounds', () => {
  const leaf = fc.oneof(
    fc.constantFrom('\\pi', 'e', 'i'),
    fc.integer({ min: 1, max: 99 }).map(String),
    fc.integer({ min: 1, max: 99 }).map((n) => `0.0${n}`),
  );
  const formula = fc.letrec<{ it: string }>((tie) => ({
    it: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(tie('it'), fc.constantFrom('+', '-', '\\cdot '), tie('it')).map(([a, sign, b]) => `(${a}${sign}${b})`),
      fc.tuple(tie('it'), tie('it')).map(([a, b]) => `\\frac{${a}}{${b}}`),
      fc
        .tuple(fc.constantFrom('\\sqrt', '\\ln', '\\sin', '\\cos', '\\exp', '\\arctan'), tie('it'))
        .map(([name, a]) => (name === '\\sqrt' ? `\\sqrt{${a}}` : `${name}(${a})`)),
      fc.tuple(tie('it'), fc.integer({ min: -3, max: 9 })).map(([a, n]) => `{${a}}^{${n}}`),
    ),
  })).it;

  it('hold: a value to 25 digits is within its error of the value to 120', () => {
    let compared = 0;
    fc.assert(
      fc.property(formula, (text) => {
        const expression = expressionOf(text);
        let [rough, exact]: Value[] = [];
        try {
          rough = evaluate(expression, new Map(), withDigits(25));
          exact = evaluate(expression, new Map(), withDigits(120));
        } catch (error) {
          if (error instanceof Undefined) return;
          throw error;
        }
        // Next to the cut of the logarithm the two may lie on different sides.
        if (/\\ln|\\sqrt/.test(text) && (rough!.im || exact!.im)) return;
        compared++;
        const off = (a: Decimal | null, b: Decimal | null) => (a ?? new Decimal(0)).minus(b ?? 0).abs();
        const bound = new Decimal(10).pow(Math.ceil(rough!.error) + 1);
        expect(off(rough!.re, exact!.re).lte(bound), text).toBe(true);
        expect(off(rough!.im, exact!.im).lte(bound), text).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(compared).toBeGreaterThan(200);
  });

  it('agree with exact arithmetic', () => {
    const number = fc.integer({ min: -50, max: 50 }).map((n) => `(${n})`);
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        const expression = expressionOf(`\\frac{${a}+${b}}{${c}}\\cdot ${b}^2`);
        const exact = exactValue(expression);
        fc.pre(exact !== null);
        const arithmetic = withDigits(30);
        const difference = arithmetic.subtract(
          evaluate(expression, new Map(), arithmetic),
          arithmetic.rational(exact!),
        );
        expect(arithmetic.isZero(difference)).toBe(true);
      }),
    );
  });
});

it('stops when the budget is used up', () => {
  const poor = new Arithmetic(30, new Budget(1000));
  expect(() => valueIn('\\sum_{k=1}^{100} \\sin(k)', poor)).toThrow(OutOfBudget);
});
