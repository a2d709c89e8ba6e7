import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isLeak } from '../../../src/method/critiques/leak.ts';
import { aQuestion } from '../../support/attempts.ts';
import { type ReleasedRecord, readReleased } from '../../support/released-triples.ts';
import { sharedData } from '../../support/shared-data.ts';

const question = aQuestion('q', { solution: 'He has 3+4=7 apples left.\nHe sells them for 7*2=14 dollars.\n#### 14' });
const response = 'He has 3+4=8 apples left.\nHe sells them for 8*2=16 dollars.\nThe answer is 16.';

const critique = (explanation: string, conclusion = 'The final answer is wrong.') =>
  [
    'Step sentence: He has 3+4=8 apples left.',
    'Correctness of the step: Wrong',
    `Explanation: ${explanation}`,
    'Correctness of the final answer: Wrong',
    `Explanation: ${conclusion}`,
  ].join('\n');

describe('isLeak', () => {
  it.each([
    'According to the reference solution, this should be 7.',
    'The reference answer is 14.',
    'the Reference Answer says otherwise.',
    'This does not agree with the **reference solution**.',
    'As shown in the reference, the sum is 7.',
    'The reference indicates that he has 7 apples.',
    'The provided reference shows 7.',
    'The reference correct answer indicates a different approach.',
    'The reference solutions all have 7 here.',
    'The gold answer is 14.',
    'It contradicts the gold solution.',
    'The golden answer has 7.',
    'The ground truth is 7.',
    'The ground-truth answer differs.',
    'This deviates from the ground truth solution.',
    'The official solution adds 3 and 4.',
    'Compared with the official answer, it is too large.',
    'The answer key says 14.',
    'Checked against the solution key, this is off by one.',
    'The marking scheme wants 7.',
    'According to the correct solution, the sum is 7.',
    'Based on the correct answer, this step has to give 7.',
    'As per the expected solution, it is 7.',
    'Compared with the provided solution, this is too much.',
    'Comparing it to the correct answer, it is 1 too large.',
    'As given in the correct solution, the sum is 7.',
    'Judging by the known answer, the sum is 7.',
    'Looking at the right solution, there are 7.',
    'The correct solution states that there are 7.',
    'The correct answer indicates that there are 7 apples.',
    'The expected answer confirms 7.',
    'The given correct answer is 14.',
    'The correct answer provided is 14.',
    'The correct solution that was given has 7.',
    'It does not match the expected answer.',
    'The result differs from the provided answer.',
    'The solution I was given has 7 here.',
    'I was told that the mistake is in this step.',
  ])('finds: %s', (sentence) => {
    expect(isLeak(critique(sentence), { question, response })).toBe(true);
    expect(isLeak(critique('It is 7.', sentence), { question, response })).toBe(true);
  });

  it.each([
    'The correct answer is 12.',
    'It should be 648.',
    'The correct answer should be 14, since 7*2=14.',
    'This leads to the correct answer of 14.',
    'The solution provided incorrectly adds the numbers.',
    'The provided solution forgets a condition.',
    'The given solution is wrong from here on.',
    'The final answer given, 16, is incorrect.',
    'The final answer does not match the correct calculation.',
    'According to the problem, he has 3 and 4 apples.',
    'According to the given information, there are two bags.',
    'Based on the correct answer from the previous step, this is right.',
    'Based on the correct result from step 1, it should be 14.',
    'The correct calculation shows that there are 7.',
    'The correct solution involves adding 3 and 4.',
    'The expected value of a throw is 3.5.',
    'The reference angle is 30 degrees.',
    'With the origin as the reference point, it is 7 away.',
    'With reference to the problem, he buys two.',
    'He won the gold medal with this result.',
    'The actual number of apples is 7.',
    'The key to the solution is to add.',
    'The true answer follows from 3+4=7.',
    'The answer is correct: 7*2=14.',
    'It equals the given number of apples.',
  ])('lets pass: %s', (sentence) => {
    expect(isLeak(critique(sentence), { question, response })).toBe(false);
  });

  it('finds two lines of the gold solution in a row, however they are spaced', () => {
    const copied = critique('He has 3 + 4 = 7 apples left. He sells them for 7 * 2 = 14 dollars.');
    expect(isLeak(copied, { question, response })).toBe(true);
    expect(isLeak(critique('He has 3+4=7 apples left.'), { question, response })).toBe(false);
    const short = aQuestion('s', { solution: '3+4=7\n7*2=14\n#### 14' });
    expect(isLeak(critique('3+4=7 and 7*2=14.'), { question: short, response })).toBe(false);
  });

  it('does not mind what the response says itself', () => {
    const right = 'He has 3+4=7 apples left.\nHe sells them for 7*2=14 dollars.\nThe answer is 14.';
    const steps = right.split('\n').slice(0, 2);
    const repeated = steps.map((step) => `Step sentence: ${step}\nCorrectness of the step: Correct`).join('\n');
    expect(isLeak(repeated, { question, response: right })).toBe(false);
    const cheeky = 'According to the answer key it is 5.';
    expect(isLeak(`Step sentence: ${cheeky}\nExplanation: No.`, { question, response: cheeky })).toBe(false);
    expect(isLeak(`Step sentence: ${cheeky}\nExplanation: No.`, { question, response })).toBe(true);
  });

  it('does not mind what comes before the critique, which nobody is trained on', () => {
    expect(isLeak(`With the reference solution at hand:\n${critique('It is 7.')}`, { question, response })).toBe(false);
  });

  /** Critiques of released records that do cite the reference, read one by one. */
  const LEAKS = { gsm8k: [6, 18], math: [10, 22, 26, 33, 48, 53, 65, 79, 89, 97] };

  const leaking = (records: ReleasedRecord[]) =>
    records.flatMap((record, i) => {
      const { critique, response, refinement } = readReleased(record);
      return isLeak(critique, { question: aQuestion('r', { solution: refinement }), response }) ? [i] : [];
    });

  it('accuses one of the 20 released critiques in the fixture, which does cite the reference', () => {
    const path = new URL('../../fixtures/mathcritique-refinements.json', import.meta.url);
    const records = JSON.parse(readFileSync(path, 'utf8')) as ReleasedRecord[];
    expect(leaking(records)).toEqual([7]);
    expect(readReleased(records[7]!).critique).toContain('which matches the reference answer');
  });

  it('finds the 12 of all 200 released critiques that cite the reference, and no other', (context) => {
    for (const [name, leaks] of Object.entries(LEAKS))
      expect(leaking(JSON.parse(sharedData(context, `mathcritique-${name}-refinements.json`)))).toEqual(leaks);
  });
});
