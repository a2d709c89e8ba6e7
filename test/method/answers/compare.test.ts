import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../../src/method/answers/compare.ts';
import { extractAnswer, extractReference } from '../../../src/method/answers/extract.ts';
import { quickest } from '../../support/quickest.ts';
import { jsonLines, sharedData } from '../../support/shared-data.ts';

const outcome = (answer: string, reference: string) => compareAnswers(answer, reference).outcome;

/** The table "Answer matching" of method.md H: what the reference scripts get wrong. */
describe('equal', () => {
  it.each([
    ['0.5', '\\frac{1}{2}'],
    ['\\frac{2}{4}', '\\frac{1}{2}'],
    ['-\\frac{3}{4}', '\\frac{-3}{4}'],
    ['-3/4', '-\\frac{3}{4}'],
    ['1,000', '1{,}000'],
    ['1000', '1{,}000'],
    ['2\\cdot10^{3}', '2000'],
    ['05', '5'],
    ['50', '50\\%'],
    ['50%', '50\\%'],
    ['x=5', '5'],
    ['1\\frac{1}{2}', '\\frac{3}{2}'],
    ['\\begin{pmatrix} 1/2 \\\\ 3 \\end{pmatrix}', '\\begin{bmatrix}\\frac{1}{2}\\\\3\\end{bmatrix}'],
    ['1,2,3', '3,2,1'],
    ['90', '90\\text{degrees}'],
    ['90^\\circ', '90'],
    ['3 apples', '3'],
    ['12\\text{ and }13', '\\{12,13\\}'],
    ['5\\text{ cm}\\text{ }', '5'],
    ['\\textbf{yes}', '\\mathrm{yes}'],
    ['5', '\\text{}5'],
    ['1/2', '0.5'],
    ['3**2', '9'],
    ['3 * 6', '18'],
  ])('%j and %j', (answer, reference) => {
    expect(outcome(answer, reference)).toBe('equal');
    expect(outcome(reference, answer)).toBe('equal');
  });

  it.each([
    ['$18', '18'],
    ['\\$18.00', '18'],
    ['18 dollars', '$18'],
    ['7 3/4', '7.75'],
    ['.5', '0.5'],
    ['1.5e3', '1,500'],
    ['1.5 million', '1500000'],
    ['2 million dollars', '2,000,000'],
    ['12 \\text{ cm}^2', '12'],
    ['12 cm^2', '12 \\text{ cm}^2'],
    ['5 hours', '5 hour'],
    ['5 m', '5\\text{ m}'],
    ['2\\sqrt3\\text{ m}', '2\\sqrt{3}'],
    ['\\dfrac12', '\\tfrac{1}{2}'],
    ['{5}', '5'],
    ['(5)', '5'],
    ['-(3-5)', '2'],
    ['2^{-1}', '0.5'],
    ['(1, 4.5)', '(1,\\frac{9}{2})'],
    ['(7,11),\\ (11,7)', '(11,7)\\text{ or }(7,11)'],
    ['[0, \\infty)', '[0,+\\infty)'],
    ['x\\in[0,1)', '[0,1)'],
    ['AB=4, CD=5', '5, 4'],
    ['(C)', '\\text{C}'],
    ['evelyn', '\\text{Evelyn}'],
    ['12:00', '12:00'],
    ['2^{2025}', '2^{2025}'],
    ['10^{99999999}', '10^{99999999}'],
    ['4210_{5}', '4210_5'],
    ['x \\geq 5', 'x >= 5'],
  ])('%j and %j, too', (answer, reference) => {
    expect(outcome(answer, reference)).toBe('equal');
    expect(outcome(reference, answer)).toBe('equal');
  });
});

describe('different', () => {
  it.each([
    ['2\\cdot 3', '23'],
    ['2\\cdot10^{3}', '210^{3}'],
    ['1 2', '12'],
    ['1 00', '100'],
    ['(1,2,3)', '(3,2,1)'],
    ['12\\text{ and }13', '1213'],
    ['12 or 13', '12'],
    ['j', 'i'],
    ['10:30', '10'],
    ['9**9**9', '9'],
    ['1e99999999', '1'],
    ['10^{99999999}', '10^{99999998}'],
    ['18', '-18'],
    ['0.33', '\\frac{1}{3}'],
    ['32, 349', '32349'],
    ['(1, 234)', '1234'],
    ['1,00', '100'],
    ['1,2', '12'],
    ['5 cm', '5 m'],
    ['10 am', '10 pm'],
    ['5 or more', '5'],
    ['5 pi', '5'],
    ['5x', '5'],
    ['2(3)', '23'],
    ['x=5', 'y=5'],
    ['x=3 or x=4', 'x=3'],
    ['11a+c', '7 = 11a+c'],
    ['[2,5]', '[2,5)'],
    ['\\{1,3\\}', '(1,3)'],
    ['1,1,2', '1,2,2'],
    ['E', 'e'],
    ['\\text{oddd}', 'odd'],
    ['2^{2025}', '3^{2025}'],
    ['4210_6', '4210_5'],
    ['\\frac{1}{0}', '0'],
    ['\\sqrt{2}', '\\sqrt2+1'],
    ['50%', '0.05'],
    ['eighteen', '18'],
  ])('%j and %j', (answer, reference) => {
    expect(outcome(answer, reference)).toBe('different');
    expect(outcome(reference, answer)).toBe('different');
  });
});

it('says which side could not be read', () => {
  expect(compareAnswers('', '5')).toEqual({ outcome: 'unparsed', rule: 'answer-empty' });
  expect(compareAnswers('\\text{}', '5')).toEqual({ outcome: 'unparsed', rule: 'answer-empty' });
  expect(compareAnswers('5', ' ')).toEqual({ outcome: 'unparsed', rule: 'reference-empty' });
  expect(compareAnswers('9'.repeat(1001), '9')).toEqual({ outcome: 'unparsed', rule: 'answer-too-long' });
});

describe('numbers', () => {
  const number = fc.tuple(fc.integer(), fc.integer({ min: 1, max: 10_000 }));

  it('are equal to themselves in every spelling', () => {
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 50 }), ([above, below], factor) => {
        const spellings = [
          `${above}/${below}`,
          `\\frac{${above * factor}}{${below * factor}}`,
          `$\\dfrac{${above}}{${below}}$`,
        ];
        for (const spelling of spellings) expect(outcome(spelling, spellings[0]!)).toBe('equal');
      }),
    );
    fc.assert(
      fc.property(fc.integer(), (value) => {
        for (const spelling of [
          value.toLocaleString('en-US'),
          `${value}.0`,
          `${value} apples`,
          `x = ${value}`,
          `(${value})`,
        ])
          expect(outcome(spelling, `${value}`)).toBe('equal');
      }),
    );
  });

  it('are never equal to others', () => {
    fc.assert(
      fc.property(number, number, ([a, b], [c, d]) => {
        fc.pre(BigInt(a) * BigInt(d) !== BigInt(c) * BigInt(b));
        expect(outcome(`\\frac{${a}}{${b}}`, `${c}/${d}`)).toBe('different');
      }),
    );
  });
});

describe('hostile answers', () => {
  it('cost little and are never equal', () => {
    const hostile = [
      '{',
      '(',
      '-',
      '\\frac',
      '\\frac{1}',
      '9^',
      '9*9^9',
      '9**',
      '1/',
      ',',
      '1,',
      '1 ',
      '\\text{',
      '\\left(',
      '=',
      'and ',
      '\\,',
    ];
    for (const part of hostile)
      for (const text of [part.repeat(1000 / part.length), `${part.repeat(300 / part.length)}9`, '9'.repeat(999)]) {
        expect(outcome(text, '42')).not.toBe('equal');
        expect(quickest(() => outcome(text, '42'))).toBeLessThan(50);
      }
  });

  it('have an outcome, whatever they are', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('\\frac', '{', '}', '(', ')', '1', ',', '^', '\\text{', '%', ' and ', '*', '='),
    );
    const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (answer, reference) => {
        const forth = outcome(answer, reference);
        expect(['equal', 'different', 'unparsed']).toContain(forth);
        if (forth !== 'unparsed') expect(outcome(reference, answer)).toBe(forth);
        expect(['equal', 'unparsed']).toContain(outcome(answer, answer));
      }),
      { numRuns: 500 },
    );
  });
});

describe('shared cases', () => {
  it('has every GSM8K reference equal to itself and different from itself plus one', (context) => {
    const references = ['train', 'test'].flatMap((split) =>
      jsonLines<{ answer: string }>(sharedData(context, `gsm8k-${split}.jsonl`)).map(
        ({ answer }) => extractReference(answer)!,
      ),
    );
    expect(references).toHaveLength(7473 + 1319);
    for (const reference of references) {
      const next = `${Number(reference.replaceAll(',', '')) + 1}`;
      expect(compareAnswers(`${reference}.00`, reference)).toEqual({ outcome: 'equal', rule: 'number' });
      expect(compareAnswers(next, reference)).toEqual({ outcome: 'different', rule: 'number' });
    }
  });

  it('has no false positive among the grading cases, and most of them right', (context) => {
    interface Case {
      pred?: string;
      response?: string;
      gold: string;
      equal: boolean;
    }
    const cases = jsonLines<Case>(sharedData(context, 'grading-cases.jsonl'));
    const judged = cases.map(({ pred, response, gold, equal }) => {
      const answer = response === undefined ? pred! : extractAnswer(response, 'boxed');
      return { equal, said: answer !== null && outcome(answer, gold) === 'equal' };
    });
    expect(judged.filter(({ equal, said }) => said && !equal)).toEqual([]);
    const right = judged.filter(({ equal, said }) => said === equal).length;
    expect(right / cases.length).toBeGreaterThan(0.8);
  });
});
