import { describe, expect, it } from 'vitest';
import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import { Contamination, TestQuestions } from '../../src/method/contamination.ts';
import { jsonLines, sharedData } from '../support/shared-data.ts';

const AMANDA =
  'Amanda received $50 as a gift. She plans to buy two cassette tapes that cost $9 each and a headphone set that costs $25. ' +
  'How much money will she have left?';
const SINE = 'Compute $\\sin 60^\\circ$.';

function overlap(train: string, test = AMANDA): string[] {
  const tests = new TestQuestions();
  tests.add({
    id: 'other',
    question: 'How many legs do seven spiders and three ants have together, if none of them lost one?',
  });
  tests.add({ id: 'test', question: test });
  return tests.overlaps(train).map(({ test, kind }) => `${test} ${kind}`);
}

describe('a training question overlaps with a test question', () => {
  it.each([
    ['word for word', AMANDA],
    ['in another case, with other spaces and punctuation', `  ${AMANDA.toUpperCase().replaceAll('. ', '\n\n')} `],
  ])('%s: same', (_, train) => {
    expect(overlap(train)).toEqual(['test same']);
  });

  it('whatever LaTeX writes around it: same', () => {
    expect(overlap('Compute $\\sin{60^{\\circ}}$', SINE)).toEqual(['test same']);
    expect(overlap('Find $\\frac{1}{2}+1{,}000$', 'Find $\\frac12+1,000$')).toEqual([]);
  });

  it.each([
    ['with another name', AMANDA.replace('Amanda', 'Josie')],
    ['with another end', AMANDA.replace('How much money will she have left?', 'What is left of her money?')],
    ['within a longer text', `Here is problem 17 of 200. ${AMANDA} Explain all of your 4 steps.`],
    ['with a word more in the middle', AMANDA.replace('a headphone set', 'a new headphone set')],
  ])('%s: near', (_, train) => {
    expect(overlap(train)).toEqual(['test near']);
  });

  it.each([
    ['is the same template with other numbers', AMANDA.replace('$50', '$60').replace('$9', '$8')],
    ['has one number written out that is another', AMANDA.replace('two cassette', 'three cassette')],
    ['has some of the words only', AMANDA.slice(0, 75)],
    [
      'is something else',
      'A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total does it take?',
    ],
    ['is empty', ''],
  ])('not where it %s', (_, train) => {
    expect(overlap(train)).toEqual([]);
  });

  it('of few words only as it is: a longer one that has it is another problem', () => {
    expect(overlap(SINE, SINE)).toEqual(['test same']);
    expect(overlap(`${SINE.slice(0, -1)} + 1.`, SINE)).toEqual([]);
    expect(overlap('Compute $2-3$.', 'Compute $2+3$.')).toEqual([]);
    expect(overlap('Compute $2x$.', 'Compute $2y$.')).toEqual([]);
  });

  it('of exactly 13 words within a longer one: near', () => {
    const thirteen = 'how many ways are there to seat four people around one round table';
    expect(overlap(thirteen, thirteen)).toEqual(['test same']);
    expect(overlap(`Tell me ${thirteen} today`, thirteen)).toEqual(['test near']);
  });
});

describe('a training set', () => {
  it('is summed up by test questions, each once and as badly as it gets', () => {
    const tests = new TestQuestions();
    for (const [id, question] of [
      ['a', AMANDA],
      ['b', SINE],
      ['c', SINE],
      ['d', 'Who?'],
    ])
      tests.add({ id: id!, question: question! });
    const contamination = new Contamination(tests);
    const near = AMANDA.replace('Amanda', 'Josie');
    for (const [id, question] of [
      ['1', near],
      ['2', AMANDA],
      ['3', near],
      ['4', SINE],
      ['5', 'Why?'],
    ])
      contamination.add({ id: id!, question: question! });
    expect(contamination.summary()).toEqual({
      same: 3,
      near: 0,
      pairs: [
        { test: 'a', train: '2' },
        { test: 'b', train: '4' },
        { test: 'c', train: '4' },
      ],
    });
  });

  it('of the arithmetic world has no test question, though all are made from the same templates', () => {
    for (const seed of [0, 1, 2]) {
      const tests = new TestQuestions();
      for (const question of questions({ split: 'test', seed, count: 1000 })) tests.add(question);
      const contamination = new Contamination(tests);
      for (const question of questions({ split: 'train', seed: seed + 1, count: 3000 })) contamination.add(question);
      expect(contamination.summary().pairs).toEqual([]);
    }
  });

  it('of GSM8K has no test question', (context) => {
    const read = (split: string) =>
      jsonLines<{ question: string }>(sharedData(context, `gsm8k-${split}.jsonl`)).map(({ question }, i) => ({
        id: `${split}-${i}`,
        question,
      }));
    const [train, test] = [read('train'), read('test')];
    const tests = new TestQuestions();
    for (const question of test) tests.add(question);
    const contamination = new Contamination(tests);
    for (const question of train) contamination.add(question);
    expect(contamination.summary()).toEqual({ same: 0, near: 0, pairs: [] });

    // Two of its training questions differ in a name: had one of them been in the test set, it would be found.
    const half = new TestQuestions();
    for (const question of train.slice(3700)) half.add(question);
    const within = new Contamination(half);
    for (const question of train.slice(0, 3700)) within.add(question);
    expect(within.summary().near).toBe(1);
  });
});
