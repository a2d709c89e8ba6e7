import { describe, expect, it } from 'vitest';
import { mistakePrompt, plantedStep, readMistake } from '../../../src/method/critiques/mistake-prompt.ts';
import { MISTAKES } from '../../../src/method/critiques/taxonomy.ts';
import { aGeneration, aQuestion } from '../../support/attempts.ts';

describe('mistakePrompt', () => {
  it('gives the problem, the steps so far, the right one and the kind of mistake', () => {
    const plan = { question: aQuestion('q'), prefix: 'a=3\nb=4', nextStep: 'a+b=7' };
    const [{ role, content }] = mistakePrompt(plan, MISTAKES.calculation!) as [{ role: string; content: string }];
    expect(role).toBe('user');
    expect(content).toContain(
      'of this kind in it: the operation is the right one, but its result is computed wrongly.',
    );
    expect(content).toContain('Question: How many are q?\n\nSolution so far:\na=3\nb=4\n\nThe right next step:\na+b=7');
    expect(mistakePrompt({ ...plan, prefix: '' }, 'x')[0]!.content).toContain('Solution so far:\n(nothing yet)\n');
  });
});

describe('readMistake', () => {
  const nextStep = 'So a+b=7.';

  it.each([
    ['So a+b=8.', 'So a+b=8.'],
    ['\n\n  So a+b=8.  \nThe answer is 8.', 'So a+b=8.'],
    ['"So a+b=8."', 'So a+b=8.'],
    ['“So a+b=8.”', 'So a+b=8.'],
    ['`So a+b=8.`', 'So a+b=8.'],
    ['**So a+b=8.**', 'So a+b=8.'],
    ['```text\nSo a+b=8.\n```', 'So a+b=8.'],
    ['Step 3: So a+b=8.', 'So a+b=8.'],
    ['Next step: So a+b=8.', 'So a+b=8.'],
    ['**Flawed step:** So a+b=8.', 'So a+b=8.'],
    ['The next step with the mistake:\nSo a+b=8.', 'So a+b=8.'],
    ['Sure! Here is the step:\n\n- So a+b=8.', 'So a+b=8.'],
    ['<think>a+b=7, so\nwrite 8</think>\n\nSo a+b=8.', 'So a+b=8.'],
    ['2 * 4 = 9 eggs', '2 * 4 = 9 eggs'],
    ['-3 + 4 = 2', '-3 + 4 = 2'],
  ])('reads %j', (text, step) => expect(readMistake(text, { nextStep })).toBe(step));

  it.each([
    '',
    ' \n ',
    '```\n```',
    'Here it is:',
    "I'm sorry, but I can't write mistakes.",
    'The answer is 8.',
    'so a + b = 7',
    'Next step: "So a+b=7."',
  ])('finds none in %j', (text) => expect(readMistake(text, { nextStep })).toBeNull());
});

describe('plantedStep', () => {
  const written = aGeneration('a+b=8');

  it('is what was written to its end', () => {
    expect(plantedStep({ nextStep: 'a+b=7', written })).toBe('a+b=8');
    expect(plantedStep({ nextStep: 'a+b=7', written: { ...written, finishReason: 'length' } })).toBeNull();
    expect(plantedStep({ nextStep: 'a+b=7', written: null })).toBeNull();
  });
});
