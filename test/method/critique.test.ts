import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CritiqueStep, formatCritique, parseCritique, trimCritique } from '../../src/method/critique.ts';
import { quickest } from '../support/quickest.ts';
import { type ReleasedRecord, readReleased } from '../support/released-triples.ts';
import { sharedData } from '../support/shared-data.ts';

const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/mathcritique-refinements.json', import.meta.url), 'utf8'),
) as ReleasedRecord[];
const released = fixtures.map(readReleased);
const critiqueOf = (words: string) => released.find((triple) => triple.question.includes(words))!.critique;

const LABEL_FIRST = `Step sentence: 5/30=0.17
Correctness of the step: Correct
Explanation: As asked.

Step sentence: 30/2=15
Correctness of the step: Wrong
Explanation: Why half?

Correctness of the final answer: Wrong
Explanation: It is 5.`;

describe('parseCritique', () => {
  it('reads the released order', () => {
    expect(parseCritique(LABEL_FIRST)).toEqual({
      steps: [
        { sentence: '5/30=0.17', label: 'correct', explanation: 'As asked.' },
        { sentence: '30/2=15', label: 'wrong', explanation: 'Why half?' },
      ],
      verdict: 'wrong',
      verdictExplanation: 'It is 5.',
      firstWrongStep: 2,
    });
  });

  it('reads explanations that come before their steps', () => {
    const critique = [
      'Explanation: It should be 5*100=500.',
      'Step sentence: 5*100=500',
      'Correctness of the step: Correct',
      'Explanation: It should be 500/20=25.',
      'Step sentence: 500/20=24',
      'Correctness of the step: Wrong',
      'Explanation: It should be 25.',
      'Correctness of the final answer: Wrong',
    ].join('\n');
    expect(parseCritique(critique)).toEqual({
      steps: [
        { sentence: '5*100=500', label: 'correct', explanation: 'It should be 5*100=500.' },
        { sentence: '500/20=24', label: 'wrong', explanation: 'It should be 500/20=25.' },
      ],
      verdict: 'wrong',
      verdictExplanation: 'It should be 25.',
      firstWrongStep: 2,
    });
  });

  it('reads blank lines, trailing spaces, Markdown and any case', () => {
    const dirty = LABEL_FIRST.replaceAll('\n', '  \n\n')
      .replaceAll('Step sentence:', '**Step sentence:**')
      .replaceAll('Explanation:', '**explanation**:');
    expect(parseCritique(dirty)).toEqual(parseCritique(LABEL_FIRST));
  });

  it('leaves out what comes before the first marker and after the verdict', () => {
    const rambling = `Let me check.\n\n${LABEL_FIRST}\n\nStep sentence: more\nCorrectness of the step: Wrong\n\nCorrectness of the final answer: Correct`;
    expect(parseCritique(rambling)).toEqual(parseCritique(LABEL_FIRST));
  });

  it('keeps sentences of several lines', () => {
    const [step] = parseCritique('Step sentence: x=2**3\nso x=8\n\nCorrectness of the step: Correct').steps;
    expect(step).toEqual({ sentence: 'x=2**3\nso x=8', label: 'correct', explanation: '' });
  });

  it('never guesses a verdict from the steps', () => {
    const cut = LABEL_FIRST.slice(0, LABEL_FIRST.indexOf('Correctness of the final'));
    expect(parseCritique(cut)).toMatchObject({ verdict: 'unparsed', firstWrongStep: 2 });
    expect(parseCritique(`${cut}Correctness of the final answer: `).verdict).toBe('unparsed');
    expect(parseCritique('').verdict).toBe('unparsed');
    expect(parseCritique('The solution is wrong.')).toEqual({
      steps: [],
      verdict: 'unparsed',
      verdictExplanation: '',
      firstWrongStep: null,
    });
  });

  it.each([
    ['Incorrect', 'wrong'],
    ['Wrong, the correct sum is 5', 'wrong'],
    ['Correct  ', 'correct'],
    ['Correct. Nothing is missing.', 'correct'],
    ['Correct for the equation but wrong in context', null],
    ['Partially correct', null],
    ['Correctly computed', null],
  ])('reads the label %j as %s', (label, expected) => {
    expect(parseCritique(`Step sentence: a\nCorrectness of the step: ${label}`).steps[0]!.label).toBe(expected);
  });

  it('gives a label without a step a step of its own, and a step without a label none', () => {
    const { steps, firstWrongStep } = parseCritique(
      'Step sentence: a\nStep sentence: b\nCorrectness of the step: Correct\nCorrectness of the step: Wrong',
    );
    expect(steps.map(({ sentence, label }) => [sentence, label])).toEqual([
      ['a', null],
      ['b', 'correct'],
      ['', 'wrong'],
    ]);
    expect(firstWrongStep).toBe(3);
  });

  it('is total and quick on any text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('Step sentence: a', 'Explanation: b', 'Correctness of the step: Wrong', '**', ' '.repeat(99)),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { steps, firstWrongStep } = parseCritique(lines.join('\n'));
        expect(steps.length).toBeLessThanOrEqual(lines.length);
        if (firstWrongStep) expect(steps[firstWrongStep - 1]!.label).toBe('wrong');
      }),
    );
    const hostile = `${' *_#'.repeat(50_000)}\n${'Step sentence: '.repeat(20_000)}`;
    expect(quickest(() => parseCritique(hostile))).toBeLessThan(200);
  });
});

describe('the released critiques', () => {
  it('has every fixture give steps and a verdict', () => {
    for (const { critique } of released) {
      const { steps, verdict } = parseCritique(critique);
      expect(steps.length).toBeGreaterThan(0);
      expect(verdict).not.toBe('unparsed');
    }
  });

  it('finds the first error at step 6 of the wrens', () => {
    expect(parseCritique(critiqueOf('wrens'))).toMatchObject({ verdict: 'wrong', firstWrongStep: 6 });
  });

  it('reads all 200, with the counts that the specification states', (context) => {
    const records = ['gsm8k', 'math'].map((name) =>
      (JSON.parse(sharedData(context, `mathcritique-${name}-refinements.json`)) as ReleasedRecord[])
        .map(readReleased)
        .map((triple) => parseCritique(triple.critique)),
    );
    const of = (count: (critique: ReturnType<typeof parseCritique>) => number) =>
      records.map((critiques) => critiques.reduce((sum, critique) => sum + count(critique), 0));
    expect(of(({ steps }) => steps.length)).toEqual([465, 467]);
    expect(of(({ steps }) => steps.filter(({ label }) => label === 'wrong').length)).toEqual([311 + 5, 368]); // five are labelled "Incorrect"
    expect(of(({ steps }) => steps.filter(({ label }) => label === null).length)).toEqual([3, 2]);
    expect(of(({ verdict }) => Number(verdict === 'wrong'))).toEqual([99, 100]);
    expect(of(({ verdict }) => Number(verdict === 'correct'))).toEqual([1, 0]);
    expect(of(({ firstWrongStep }) => Number(firstWrongStep === 1))).toEqual([38, 51]);
  });
});

it('trimCritique drops what comes before the first marker, and nothing of a text without one', () => {
  expect(trimCritique(`Sure!\n\n${LABEL_FIRST}\n`)).toBe(LABEL_FIRST);
  expect(trimCritique(' It is wrong. ')).toBe('It is wrong.');
});

describe('formatCritique', () => {
  it('writes the released format', () => {
    expect(formatCritique(parseCritique(LABEL_FIRST), 'label-first')).toBe(LABEL_FIRST);
  });

  it('is read back as it was, in both orders', () => {
    const words = fc
      .array(fc.stringMatching(/^[a-z0-9+=.,$ ]{1,12}$/), { minLength: 1 })
      .map((it) => `x${it.join('').trim()}`);
    const step: fc.Arbitrary<CritiqueStep> = fc.record({
      sentence: words,
      label: fc.constantFrom('correct', 'wrong', null),
      explanation: words,
    });
    const critiques = fc.record({
      steps: fc.array(step, { minLength: 1 }),
      verdict: fc.constantFrom('correct' as const, 'wrong' as const),
      verdictExplanation: words,
    });
    fc.assert(
      fc.property(
        critiques,
        fc.constantFrom('label-first' as const, 'explanation-first' as const),
        (critique, order) => {
          expect(parseCritique(formatCritique(critique, order))).toMatchObject(critique);
        },
      ),
    );
  });
});
