import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractAnswer, extractReference } from '../../../src/method/answers/extract.ts';
import { quickest } from '../../support/quickest.ts';
import { type ReleasedRecord, readReleased } from '../../support/released-triples.ts';
import { jsonLines } from '../../support/shared-data.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');

describe('a plain answer', () => {
  it.each([
    ['The answer is 18.', '18'],
    ['The answer is 3 * 6 = 18.', '18'],
    ['The answer is 3 * 6 = <<3*6=18>>18.', '18'],
    ['It is not 17 but 18. The answer is 18.', '18'],
    ['The answer is 17.\nNo, wait.\nThe answer is 18.', '18'],
    ['The answer is $18.', '$18'],
    ['The answer is \\$18 per day.', '\\$18'],
    ['The answer is 18 apples.', '18'],
    ['The answer is 1,000.', '1,000'],
    ['The answer is 1,234.50 dollars.', '1,234.50'],
    ['The answer is -3.', '-3'],
    ['The answer is −3.', '−3'],
    ['The answer is .5.', '.5'],
    ['The answer is 3/4 of a cup.', '3/4'],
    ['The answer is 2 1/2 hours.', '2 1/2'],
    ['The answer is 50%.', '50%'],
    ['The answer is 50\\% of it.', '50\\%'],
    ['The answer is 1.5 million people.', '1.5 million'],
    ['The answer is **18**.', '18'],
    ['**The answer is 18.**', '18'],
    ['**The answer is 18**.', '18'],
    ['**Answer:** 18', '18'],
    ['The answer is **18** apples.', '18'],
    ['The answer is 3**2.', '3**2'],
    ['The answer is 18, not 17.', '18'],
    ['The answer is: 18', '18'],
    ['The answer is:\n\n18', '18'],
    ['Final Answer: 18', '18'],
    ['the final answer is 18', '18'],
    ['The answer is $3$.', '3'],
    ['The answer is \\(3\\).', '3'],
    ['The answer is $x = 5$.', '5'],
    ['The answer is $\\frac{1}{2}$.', '\\frac{1}{2}'],
    ['The answer is \\boxed{18}.', '18'],
    ['The answer is 42 because geometry proves it', '42'],
    ['The answer is 18, since x = 3.', '18'],
    ['The answer is that 18 eggs are left.', '18'],
    ['The number is 5.\n#### 18', '18'],
    ['so \\boxed{18}', '18'],
    ['The answer is $18 and the rest is $20.', '$18'],
    ['The answer is 5 or 6, so many = 7.', '5 or 6'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text, 'plain')).toBe(answer);
  });

  it.each([
    'The answer is 12 and 13.',
    'The answer is 12 or 13.',
    'The answer is 12, 13.',
    'The answer is 12, and 13.',
    'The answer is 5 times 3.',
    'The answer is 3 out of 5.',
    'The answer is 1,00.',
    'The answer is 5 hours and 30 minutes.',
    'The answer is x = 5 or x = 7.',
    'The answer is 10:30.',
    'The answer is 2x+1.',
  ])('of %j is the whole sentence, no number picked from it', (text) => {
    expect(extractAnswer(text, 'plain')).toBe(text.slice('The answer is '.length, -1));
  });

  it.each([
    '',
    'I think 5 is wrong. it is 18',
    'So there are 18 eggs left.',
    'The answer is',
    'The answer is .',
    'The answer is not 17.',
    'The answer isn’t 17',
    'The answer is \\boxed{5',
    'The answer is $\\boxed{',
    'Step 3 + 4 = 7',
  ])('of %j is none', (text) => {
    expect(extractAnswer(text, 'plain')).toBeNull();
  });

  it('is the statement rather than a later box', () => {
    expect(extractAnswer('The answer is 18. That was \\boxed{3} steps.', 'plain')).toBe('18');
  });
});

describe('a boxed answer', () => {
  it.each([
    ['\\boxed{5}', '5'],
    ['\\boxed{ 5 }', '5'],
    ['\\boxed 5', '5'],
    ['\\boxed5.', '5'],
    ['\\fbox{7}', '7'],
    ['\\boxed{1} then \\boxed{2}', '2'],
    ['nested $\\boxed{\\frac{\\sqrt{a^{2}+b^{2}}}{2}}$ done', '\\frac{\\sqrt{a^{2}+b^{2}}}{2}'],
    ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
    ['\\boxed{\\left\\{ 1 \\right.}', '\\left\\{ 1 \\right.'],
    ['<think>\\boxed{5}</think> So the total is \\boxed{6}.', '6'],
    ['Mark your solution with \\boxed. The result: \\boxed{12}', '12'],
    ['Thus \\boxed{3,4}. The answer is $\\boxed{3,4}$.', '3,4'],
    ['\\boxed{6}. The answer is correct.', '6'],
    ['We have \\boxed{6}. The answer is $\\boxed{6', '6'],
    ['The answer is $3$.', '3'],
    ['The answer is 18.', '18'],
    ['The answer is $\\frac{1}{2}$, as 2 > 1.', '\\frac{1}{2}'],
    ['Hence x.\n#### 42', '42'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text, 'boxed')).toBe(answer);
  });

  it.each(['\\boxed{5', '\\boxed{', '\\boxed{}', 'Put it in \\boxed and go.', 'x = 5', '\\boxedfoo{5}'])(
    'of %j is none: the text is never its own answer',
    (text) => {
      expect(extractAnswer(text, 'boxed')).toBeNull();
    },
  );
});

describe('extractReference', () => {
  it('reads GSM8K and MATH solutions', () => {
    expect(extractReference('So 9 * 2 = <<9*2=18>>18.\n#### 18')).toBe('18');
    expect(extractReference('#### 1,000\n')).toBe('1,000');
    expect(extractReference('First \\boxed{1}, then $\\boxed{\\frac{1}{2}}$.')).toBe('\\frac{1}{2}');
    expect(extractReference('No answer here: 18.')).toBeNull();
  });

  it('reads every GSM8K fixture', () => {
    const references = jsonLines<{ answer: string }>(fixture('gsm8k-50.jsonl')).map(({ answer }) =>
      extractReference(answer),
    );
    expect(references).toHaveLength(50);
    for (const reference of references) expect(reference).toMatch(/^-?[\d,.]+$/);
  });
});

it('finds the answer of every released refinement, the dirty ones too', () => {
  for (const record of JSON.parse(fixture('mathcritique-refinements.json')) as ReleasedRecord[]) {
    const { refinement, question } = readReleased(record);
    expect(extractAnswer(refinement, question.includes('boxed') ? 'boxed' : 'plain')).not.toBeNull();
  }
});

it('is total and quick on any text', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('\\boxed{', '}', 'The answer is ', '$', '####', '\n', '**', ' = ', '5'),
  );
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom('plain' as const, 'boxed' as const), (parts, format) => {
      const answer = extractAnswer(parts.join(''), format);
      if (answer !== null) expect(answer).not.toBe('');
    }),
  );
  for (const hostile of [
    '\\boxed{',
    'The answer is ',
    'The answer is **',
    '{',
    '#### ',
    '1,',
    '$',
    ' ',
    '<<',
    'a = ',
  ]) {
    const text = hostile.repeat(1_000_000 / hostile.length);
    for (const format of ['plain', 'boxed'] as const)
      expect(quickest(() => extractAnswer(text, format))).toBeLessThan(50);
  }
});
