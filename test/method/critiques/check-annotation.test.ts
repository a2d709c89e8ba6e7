import { describe, expect, it } from 'vitest';
import { annotate, flaw, questions } from '../../../src/backends/datasets/arithmetic/index.ts';
import { parseCritique } from '../../../src/method/critique.ts';
import { verdictAgrees } from '../../../src/method/critique-counts.ts';
import { checkAnnotation, locationAgrees } from '../../../src/method/critiques/check-annotation.ts';
import { randomFrom } from '../../../src/method/random.ts';
import type { FinishReason, PathOrigin } from '../../../src/method/rows.ts';
import { aQuestion } from '../../support/attempts.ts';

const RESPONSE = 'He has 3+4=7.\nHe sells 7*2=15.\nHe keeps 15-1=14.\nThe answer is 14.';

/** Of the three steps, those given are called wrong. */
const critique = (wrong: number[], verdict: 'Correct' | 'Wrong', explanation = 'As it is.') =>
  [
    ...RESPONSE.split('\n')
      .slice(0, 3)
      .flatMap((step, i) => [
        `Step sentence: ${step}`,
        `Correctness of the step: ${wrong.includes(i + 1) ? 'Wrong' : 'Correct'}`,
        `Explanation: ${explanation}`,
      ]),
    `Correctness of the final answer: ${verdict}`,
    'Explanation: So it is.',
  ].join('\n');

interface Given {
  finishReason?: FinishReason;
  strategy?: PathOrigin['strategy'];
  errorStep?: number | null;
}

function check(text: string, given: Given = {}, checks?: Parameters<typeof checkAnnotation>[1]) {
  const { finishReason = 'stop', strategy = 'RG1', errorStep = null } = given;
  const annotation = {
    question: aQuestion('q', { reference: '13' }),
    response: RESPONSE,
    outcome: strategy === 'right' ? ('correct' as const) : ('wrong' as const),
    path: { strategy, errorStep },
    text,
    finishReason,
    parsed: parseCritique(text),
  };
  return checkAnnotation(annotation, checks);
}

describe('checkAnnotation', () => {
  it('lets a critique pass that is as it should be', () => {
    expect(check(critique([2, 3], 'Wrong'))).toBeNull();
    expect(check(critique([], 'Correct'), { strategy: 'right' })).toBeNull();
    expect(check(critique([2, 3], 'Wrong'), { strategy: 'RG2', errorStep: 2 })).toBeNull();
    expect(check(critique([2, 3], 'Wrong'), { strategy: 'RG3', errorStep: 2 })).toBeNull();
  });

  it('says how an answer did not come, before it reads it', () => {
    expect(check('', { finishReason: 'unavailable' })).toBe('unavailable');
    expect(check('', { finishReason: 'rejected' })).toBe('rejected');
    expect(check(critique([2], 'Wrong'), { finishReason: 'length' })).toBe('truncated');
    expect(check('', { finishReason: 'context_exceeded' })).toBe('truncated');
  });

  it.each([
    "I'm sorry, but I can't help with that.",
    'I’m sorry, I cannot judge this.',
    'Sorry, I am not able to do that.',
    'I cannot assist with this request.',
    "I can't provide a critique here.",
    'I am unable to evaluate the solution.',
    'As an AI language model, I do not grade homework.',
    'I must decline.',
    'Unfortunately, I cannot do this.',
    'I apologize, but this is against the rules.',
    'My apologies, no.',
  ])('knows a refusal: %s', (text) => expect(check(text)).toBe('refused'));

  it.each([
    '',
    '   \n',
    'The solution is wrong in the second step.',
    "We can't divide by 0, so step 2 is wrong.",
    'Step sentence: He has 3+4=7.\nCorrectness of the step: Correct',
    'Correctness of the final answer: Wrong',
    critique([2], 'Wrong').replace('answer: Wrong', 'answer: Correct or Wrong'),
  ])('knows what is no critique: %j', (text) => expect(check(text)).toBe('off-format'));

  it('checks for leaks before it checks what is said', () => {
    expect(check(critique([2], 'Correct', 'According to the reference solution.'))).toBe('leak');
  });

  it('holds the verdict against the oracle, then the location against what is known', () => {
    expect(check(critique([2], 'Correct'))).toBe('verdict');
    expect(check(critique([], 'Wrong'), { strategy: 'right' })).toBe('verdict');
    expect(check(critique([2], 'Correct'), { strategy: 'right' })).toBe('location');
    expect(check(critique([3], 'Wrong'), { strategy: 'RG3', errorStep: 2 })).toBe('location');
    expect(check(critique([], 'Wrong'), { strategy: 'RG3', errorStep: 2 })).toBe('location');
    expect(check(critique([1], 'Wrong'), { strategy: 'RG2', errorStep: 2 })).toBe('location');
    expect(check(critique([3], 'Wrong'), { strategy: 'RG2', errorStep: 2 })).toBeNull();
  });

  it('leaves out what it is told to', () => {
    const off = { leak: false, verdict: false, location: false };
    const text = critique([1], 'Correct', 'According to the reference solution.');
    expect(check(text, { strategy: 'RG3', errorStep: 2 }, off)).toBeNull();
    expect(check(text, { strategy: 'RG3', errorStep: 2 }, { ...off, location: true })).toBe('location');
  });

  it('passes every exact critique of this world: right paths, and flawed ones at their step', () => {
    for (const [i, question] of [...questions({ seed: 3, split: 'train', count: 300 })].entries()) {
      const { response, step } = flaw(question, randomFrom(i), { calculation: 1, number: 1 });
      const texts = [
        { response, outcome: 'wrong', path: { strategy: 'RG3', errorStep: step } },
        { response: question.solution!, outcome: 'correct', path: { strategy: 'right', errorStep: null } },
      ] as const;
      for (const path of texts) {
        const text = annotate(question, path.response);
        const parsed = parseCritique(text);
        expect(checkAnnotation({ question, ...path, text, finishReason: 'stop', parsed }), text).toBeNull();
      }
    }
  });
});

describe('agreement', () => {
  it('takes every outcome but correct for wrong', () => {
    expect(verdictAgrees('correct', 'correct')).toBe(true);
    expect(verdictAgrees('wrong', 'wrong')).toBe(true);
    expect(verdictAgrees('wrong', 'unparsed')).toBe(false);
    expect(verdictAgrees('correct', 'wrong')).toBe(false);
  });

  it('of a location is unknown where nobody knows it', () => {
    expect(locationAgrees({ strategy: 'RG1', errorStep: null }, 2)).toBeNull();
    expect(locationAgrees({ strategy: 'right', errorStep: null }, null)).toBe(true);
  });
});
