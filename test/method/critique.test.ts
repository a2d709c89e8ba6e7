import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type CritiqueStep,
  formatCritique,
  parseCritique,
  type StatedCritique,
  trimCritique,
} from '../../src/method/critique.ts';
import fc from '../support/properties.ts';
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

const EXPLANATION_FIRST = `Explanation: As asked.
Step sentence: 5/30=0.17
Correctness of the step: Correct

Explanation: Why half?
Step sentence: 30/2=15
Correctness of the step: Wrong

Explanation: It is 5.
Correctness of the final answer: Wrong`;

const PARSED = {
  steps: [
    { sentence: '5/30=0.17', label: 'correct', explanation: 'As asked.' },
    { sentence: '30/2=15', label: 'wrong', explanation: 'Why half?' },
  ],
  verdict: 'wrong',
  verdictExplanation: 'It is 5.',
  firstWrongStep: 2,
  problem: null,
};

/** A critique from its blocks' parts: S a step, L and W its label, Correct or Wrong, E an explanation, V a wrong verdict; numbered in order. */
const sketch = (parts: string) =>
  [...parts]
    .map((part, i) => {
      if (part === 'S') return `Step sentence: s${i}`;
      if (part === 'E') return `Explanation: e${i}`;
      if (part === 'V') return 'Correctness of the final answer: Wrong';
      return `Correctness of the step: ${part === 'L' ? 'Correct' : 'Wrong'}`;
    })
    .join('\n');

/** What was read of it: each step's sentence, label and explanation, then the verdict's explanation. */
const read = (parts: string) => {
  const { steps, verdictExplanation } = parseCritique(sketch(parts));
  const short = steps.map(({ sentence, label, explanation }) => `${sentence}${label ? label[0] : '?'}${explanation}`);
  return [...short, `v${verdictExplanation}`].join(' ');
};

describe('parseCritique', () => {
  it('reads the released order, and explanations that come before their steps', () => {
    expect(parseCritique(LABEL_FIRST)).toEqual(PARSED);
    expect(parseCritique(EXPLANATION_FIRST)).toEqual(PARSED);
    expect(parseCritique(EXPLANATION_FIRST.replaceAll('\n\n', '\n'))).toEqual(PARSED);
  });

  it.each<[string, string]>([
    ['blank lines and trailing spaces', LABEL_FIRST.replaceAll('\n', '  \n\n')],
    ['carriage returns', LABEL_FIRST.replaceAll('\n', '\r\n')],
    ['lower case', LABEL_FIRST.replaceAll(/^.*:/gm, (marker) => marker.toLowerCase())],
    ['upper case labels', LABEL_FIRST.replaceAll(/Wrong|Correct$/gm, (label) => label.toUpperCase())],
    ['bold markers', LABEL_FIRST.replaceAll(/^(.*?):/gm, '**$1:**')],
    ['bold markers before the colon', LABEL_FIRST.replaceAll(/^(.*?):/gm, '__$1__:')],
    ['bold lines', LABEL_FIRST.replaceAll(/^(.+)$/gm, '**$1**')],
    ['bullets', LABEL_FIRST.replaceAll(/^(.+)$/gm, '- $1')],
    ['quotes', LABEL_FIRST.replaceAll(/^(.*)$/gm, '> $1')],
    ['a fence', `\`\`\`text\n${LABEL_FIRST}\n\`\`\``],
    ['rules between blocks', LABEL_FIRST.replaceAll('\n\n', '\n\n---\n\n')],
    ['a numbered list', LABEL_FIRST.replaceAll('Step sentence:', '1. Step sentence:')],
    ['numbered sentences', LABEL_FIRST.replaceAll('Step sentence:', 'Step 3 sentence:')],
    ['headings', LABEL_FIRST.replaceAll('Step sentence:', '### Step 12:\nStep sentence:')],
    ['numbered steps', LABEL_FIRST.replaceAll('Step sentence:', '**Step 1:**').replaceAll('the step:', 'step 1:')],
    ['steps below their headings', LABEL_FIRST.replaceAll('Step sentence: ', 'Step 1\n').replaceAll('of the step', '')],
    ['"Incorrect"', LABEL_FIRST.replaceAll('Wrong', 'Incorrect')],
    ['labels in brackets', LABEL_FIRST.replaceAll(/(Wrong|Correct)$/gm, '[$1]')],
    ['labels on a line of their own', LABEL_FIRST.replaceAll(/ (Wrong|Correct)$/gm, '\n$1')],
    ['text before the first marker', `Let me check.\n\n${LABEL_FIRST}`],
    ['text after the verdict', `${LABEL_FIRST}\n\nStep sentence: more\nCorrectness of the step: Wrong`],
    ['another verdict', `${LABEL_FIRST}\n\nCorrectness of the final answer: Correct\nExplanation: Or not.`],
    ['a verdict that is repeated', LABEL_FIRST.replace(/(.*answer: )Wrong\n/, '$1\n$1Wrong\n')],
    [
      'thoughts before it',
      `<think>\nStep sentence: a\nCorrectness of the final answer: Correct\n</think>\n${LABEL_FIRST}`,
    ],
    ['thoughts that a template opened', `Correctness of the final answer: Correct?\n</think>\n\n${LABEL_FIRST}`],
    ['nothing but thoughts', `<think>\n${LABEL_FIRST}\n</think>\n`],
    ['thoughts that were cut off', `<think>${LABEL_FIRST}`],
  ])('takes %s as it takes none', (_, critique) => {
    expect(parseCritique(critique)).toEqual(PARSED);
  });

  it.each([
    // label first, explanation first, explanation inside
    ['SLESWEVE', 's0ce2 s3we5 ve7'],
    ['ESLESWEV', 's1ce0 s4we3 ve6'],
    ['SELSEWVE', 's0ce1 s3we4 ve7'],
    ['SELSEWEV', 's0ce1 s3we4 ve6'],
    // both orders in one
    ['SLEESWVE', 's0ce2 s4we3 ve7'],
    ['ESLSWEVE', 's1ce0 s3we5 ve7'],
    ['ESLSWEEV', 's1ce0 s3we5 ve6'],
    // explanations missing
    ['SLSWEVE', 's0c s2we4 ve6'],
    ['SLESWVE', 's0ce2 s3w ve6'],
    ['SLESWEV', 's0ce2 s3we5 v'],
    ['ESLSWEV', 's1ce0 s3w ve5'],
    ['ESLSWESLEV', 's1ce0 s3w s6ce5 ve8'],
    // too many explanations
    ['SLEESWEVE', 's0ce2 s4we3\ne6 ve8'],
    ['ESLESWEVE', 's1ce0 s4we3 ve6'],
    // labels or steps missing
    ['SESWEVE', 's0?e1 s2we4 ve6'],
    ['LEWEVE', 'ce1 we3 ve5'],
    ['ELEWEV', 'ce0 we2 ve4'],
    ['SSLWVE', 's0? s1c w ve5'],
    // cut off
    ['SLES', 's0ce2 s3? v'],
    ['SLESWE', 's0ce2 s3we5 v'],
    ['ESLES', 's1ce0 s4?e3 v'],
    ['ESLE', 's1ce0 v'],
  ])('gives the explanations of %s to %s', (parts, expected) => {
    expect(read(parts)).toBe(expected);
  });

  it('keeps sentences of several lines, with their Markdown, and a numbered line in them', () => {
    const [step] = parseCritique('Step sentence: x=2**3\nStep 2: so **x=8**\n\nCorrectness of the step: Correct').steps;
    expect(step).toEqual({ sentence: 'x=2**3\nStep 2: so **x=8**', label: 'correct', explanation: '' });
  });

  it.each([
    ['Incorrect', 'wrong'],
    ['Not correct.', 'wrong'],
    ['Wrong, the correct sum is 5', 'wrong'],
    ['Correct  ', 'correct'],
    ['Correct. Nothing is missing.', 'correct'],
    ['Correct for the equation but wrong in context', null],
    ['Partially correct', null],
    ['Correctly computed', null],
    ['[Correct/Wrong]', null],
    ['[Correct or Wrong]', null],
    ['**Correct**', 'correct'],
    ['', null],
  ])('reads the label %j as %s', (label, expected) => {
    expect(parseCritique(`Step sentence: a\nCorrectness of the step: ${label}`).steps[0]!.label).toBe(expected);
  });

  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['The solution is wrong.', 'no-markers'],
    ['<think>Hm.</think>', 'no-markers'],
    [LABEL_FIRST.slice(0, LABEL_FIRST.indexOf('Correctness of the final')), 'no-verdict'],
    [LABEL_FIRST.slice(0, LABEL_FIRST.indexOf(' of the final')), 'no-verdict'],
    ['Explanation: It is 5.', 'no-verdict'],
    [LABEL_FIRST.slice(0, LABEL_FIRST.lastIndexOf(' Wrong')), 'unclear-verdict'],
    [LABEL_FIRST.replace('answer: Wrong', 'answer: It depends'), 'unclear-verdict'],
    ['Correctness of the final answer: Wrong', 'no-steps'],
    ['Explanation: It is 5.\nCorrectness of the solution: Incorrect', 'no-steps'],
  ])('says why it has no verdict or no steps: %j, %s', (critique, problem) => {
    const parsed = parseCritique(critique);
    expect(parsed.problem).toBe(problem);
    expect(parsed.verdict).toBe(problem === 'no-steps' ? 'wrong' : 'unparsed');
    // The verdict is never guessed from the steps.
    expect(parsed.firstWrongStep).toBe(parsed.steps.length === 2 ? 2 : null);
  });

  it('is total on any text: steps and a verdict, or a reason', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...LABEL_FIRST.split('\n'), '</think>', 'Step 2:', '**', '---', ' '.repeat(99)),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const { steps, verdict, firstWrongStep, problem } = parseCritique(lines.join(end));
        expect(problem === null).toBe(steps.length > 0 && verdict !== 'unparsed');
        if (firstWrongStep) expect(steps[firstWrongStep - 1]!.label).toBe('wrong');
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, string]>([
    ['markers', LABEL_FIRST.slice(0, LABEL_FIRST.indexOf('Correctness of the final'))],
    ['explanations', 'Explanation: a\n'],
    ['labels', 'Correctness of the step: Correct but \n'],
    ['short lines', 'x\n'],
    ['blank lines', ' \n\r'],
    ['thoughts', '</think>'],
    ['what Markdown opens a line with', ' *_#1.'],
    ['half markers', 'Step sentence '],
    ['words of a label', 'but '],
    ['emphasis', '**'],
  ])('is quick on a megabyte of %s', (_, piece) => {
    const megabyte = `Correctness of the step: Correct ${piece.repeat(Math.ceil(1e6 / piece.length))}`;
    expect(quickest(() => parseCritique(megabyte))).toBeLessThan(2_000);
    expect(quickest(() => trimCritique(megabyte))).toBeLessThan(2_000);
  });
});

describe('the released critiques', () => {
  it('has every fixture give steps and a verdict', () => {
    for (const { critique } of released) expect(parseCritique(critique).problem).toBeNull();
  });

  it('finds the first error at step 6 of the wrens', () => {
    expect(parseCritique(critiqueOf('wrens'))).toMatchObject({ verdict: 'wrong', firstWrongStep: 6 });
  });

  it('reads all 200, with the counts that the specification states', (context) => {
    const [gsm8k, math] = ['gsm8k', 'math'].map((name) => {
      const text = sharedData(context, `mathcritique-${name}-refinements.json`);
      const critiques = (JSON.parse(text) as ReleasedRecord[]).map((record) => readReleased(record).critique);
      const parsed = critiques.map(parseCritique);
      const sum = (count: (critique: (typeof parsed)[number]) => number) =>
        parsed.reduce((total, critique) => total + count(critique), 0);
      const share = (is: (critique: (typeof parsed)[number]) => boolean) => sum((critique) => Number(is(critique)));
      const count = (text: string, marker: RegExp) => text.match(marker)?.length ?? 0;
      const written = (marker: RegExp) => count(critiques.join('\n'), marker);
      const sizes = parsed.map(({ steps }) => steps.length);
      expect(critiques).toHaveLength(100);
      expect(share(({ problem }) => problem === null)).toBe(100);
      expect(critiques.map(trimCritique)).toEqual(critiques.map((critique) => critique.trim()));
      return {
        meanSteps: sum(({ steps }) => steps.length) / 100,
        range: [Math.min(...sizes), Math.max(...sizes)],
        meanWrong: sum(({ steps }) => steps.filter(({ label }) => label === 'wrong').length) / 100,
        unlabelled: sum(({ steps }) => steps.filter(({ label }) => label === null).length),
        unexplained: sum(({ steps }) => steps.filter(({ explanation }) => explanation === '').length),
        verdicts: [share(({ verdict }) => verdict === 'wrong'), share(({ verdict }) => verdict === 'correct')],
        firstWrong: [1, 2].map((step) => share(({ firstWrongStep }) => firstWrongStep === step)),
        // As written, not as read.
        labels: written(/^Correctness of the step:/gm) / 100,
        wrong: written(/^Correctness of the step: *Wrong *$/gm) / 100,
        incorrect: written(/^Correctness of the step: *Incorrect *$/gm),
        uneven: critiques.filter(
          (text) => count(text, /^Step sentence:/gm) !== count(text, /^Correctness of the step:/gm),
        ).length,
      };
    });
    expect(gsm8k).toEqual({
      meanSteps: 4.65,
      range: [1, 21],
      meanWrong: 3.16,
      unlabelled: 3,
      unexplained: 3,
      verdicts: [99, 1],
      firstWrong: [38, 34],
      labels: 4.62,
      wrong: 3.11,
      incorrect: 5,
      uneven: 3,
    });
    expect(math).toEqual({
      meanSteps: 4.67,
      range: [1, 25],
      meanWrong: 3.68,
      unlabelled: 2,
      unexplained: 1,
      verdicts: [100, 0],
      firstWrong: [51, 30],
      labels: 4.66,
      wrong: 3.68,
      incorrect: 0,
      uneven: 1,
    });
  });
});

it('trimCritique drops what comes before the first marker, thoughts, and nothing of a text without either', () => {
  expect(trimCritique(`Sure!\n\n${LABEL_FIRST}\n`)).toBe(LABEL_FIRST);
  expect(trimCritique(`<think>Step sentence: a</think>\nSure!\n${LABEL_FIRST}`)).toBe(LABEL_FIRST);
  expect(trimCritique('<think>Hm.</think>\n\nIt is wrong. ')).toBe('It is wrong.');
  expect(trimCritique(' It is wrong. ')).toBe('It is wrong.');
});

describe('formatCritique', () => {
  const orders = fc.constantFrom('label-first' as const, 'explanation-first' as const);
  const critiqueOf = (text: fc.Arbitrary<string>): fc.Arbitrary<StatedCritique> => {
    const step: fc.Arbitrary<CritiqueStep> = fc.record({
      sentence: text,
      label: fc.constantFrom('correct', 'wrong', null),
      explanation: text,
    });
    const verdict = fc.constantFrom('correct' as const, 'wrong' as const);
    return fc.record({ steps: fc.array(step), verdict, verdictExplanation: text });
  };
  const textsOf = ({ steps, verdictExplanation }: StatedCritique) => [
    ...steps.flatMap(({ sentence, explanation }) => [sentence, explanation]),
    verdictExplanation,
  ];
  const judgements = ({ steps, verdict }: StatedCritique) => [...steps.map(({ label }) => label), verdict];

  it('writes the released format, and the other order', () => {
    expect(formatCritique(parseCritique(LABEL_FIRST), 'label-first')).toBe(LABEL_FIRST);
    expect(formatCritique(parseCritique(LABEL_FIRST), 'explanation-first')).toBe(EXPLANATION_FIRST);
  });

  it('writes no verdict where there is none', () => {
    const cut = LABEL_FIRST.slice(0, LABEL_FIRST.indexOf('\n\nCorrectness of the final'));
    expect(formatCritique(parseCritique(cut), 'label-first')).toBe(cut);
  });

  it('keeps lines in a step or an explanation from being read as markers', () => {
    const step: CritiqueStep = { sentence: 'a\n\nStep 2: b', label: 'correct', explanation: 'c\nExplanation: d' };
    const text = formatCritique({ steps: [step], verdict: 'wrong', verdictExplanation: '' }, 'label-first');
    expect(text).toBe(
      'Step sentence: a Step 2: b\nCorrectness of the step: Correct\nExplanation: c Explanation: d\n\n' +
        'Correctness of the final answer: Wrong\nExplanation:',
    );
  });

  it('is read back as it was, in both orders', () => {
    const line = fc.stringMatching(/^[a-z][a-z0-9+=.,:$*\\{} ]{0,30}[a-z]$/);
    const text = fc.array(line, { maxLength: 3 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(critiqueOf(text), orders, (critique, order) => {
        expect(parseCritique(formatCritique(critique, order))).toMatchObject(critique);
      }),
      { numRuns: 500 },
    );
  });

  it('is read back with the same steps, labels and words whatever they hold, in both orders', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...LABEL_FIRST.split('\n'), '</think>', '<think>', 'Step 2:', '### Step 3', '**b**', '---', '\r'),
    );
    const text = fc.array(pieces, { maxLength: 5 }).map((lines) => lines.join('\n'));
    /** Lines of nothing but marks are dropped, and white space is moved. */
    const words = (content: string) =>
      content
        .split(/<\/?think>|\r\n?|\n/)
        .filter((line) => /[^\s\-*_=#>`]/.test(line))
        .join('')
        .replaceAll(/\s/g, '');
    fc.assert(
      fc.property(critiqueOf(text), orders, (critique, order) => {
        const written = formatCritique(critique, order);
        const read = parseCritique(written);
        expect(judgements(read)).toEqual(judgements(critique));
        expect(textsOf(read).map(words)).toEqual(textsOf(critique).map(words));
        expect(formatCritique(read, order)).toBe(written);
      }),
      { numRuns: 1_000 },
    );
  });
});
