import { describe, expect, it } from 'vitest';
import { critiqueRowOf, tripleOf } from '../../../src/method/critiques/dataset-row.ts';
import { filterOf } from '../../../src/method/critiques/filter.ts';
import { PRIMER } from '../../../src/method/prompts/text.ts';
import { digest } from '../../../src/method/random.ts';
import type { Outcome } from '../../../src/method/rows.ts';
import { anAnnotation, aPath, refinements } from './rows.ts';

const row = anAnnotation(
  aPath('RG3', { id: 'q', level: 2, text: `${PRIMER}a=1\nThe answer is 1.`, errorStep: 1, mistake: 'unit' }),
  'W',
  'wrong',
);

const critique =
  'Step sentence: s0\nCorrectness of the step: Wrong\nExplanation: e\nCorrectness of the final answer: Wrong';

describe('critiqueRowOf', () => {
  it('records the path, who wrote what, and what the filter saw, without primer and preamble', () => {
    const rows = refinements(row, ['wrong', 'correct', 'ungraded', 'correct']);
    expect(critiqueRowOf(row, rows.toReversed(), filterOf({ k: 2 })(rows))).toEqual({
      id: 'q/0/0',
      question_id: 'q',
      question: 'How many are q?',
      reference: '5',
      level: 2,
      response: 'a=1\nThe answer is 1.',
      critique,
      verdict: 'wrong',
      first_wrong_step: 1,
      path: {
        strategy: 'RG3',
        errorStep: 1,
        mistake: 'unit',
        mistakeModel: 'writer',
        temperature: 1,
        prefixSource: 'sampled',
        model: 'actor',
      },
      annotator: 'annotator',
      information: 'location',
      n_refine: 3,
      n_correct: 2,
      soft_score: 2 / 3,
      kept: true,
      refinements: [0, 1, 2, 3].map((index) => digest(`refinement ${index}`).toString(16)),
      refinement: 'refinement 1',
    });
  });

  it('has no scores where nothing was refined', () => {
    const filtered = { nRefine: 0, nCorrect: 0, soft: null, keep: true };
    expect(critiqueRowOf(row, [], filtered)).toMatchObject({
      n_refine: 0,
      soft_score: null,
      kept: true,
      refinements: [],
      refinement: null,
    });
  });
});

describe('tripleOf', () => {
  const of = (it: typeof row, outcomes: Outcome[]) => tripleOf(it, refinements(it, outcomes));

  it('is the response, the critique and the first right refinement', () => {
    expect(of(row, ['wrong', 'correct', 'correct'])).toEqual({
      question: row.question,
      response: 'a=1\nThe answer is 1.',
      critique,
      refinement: 'refinement 1',
    });
  });

  it('is none without a right refinement, and of a right path', () => {
    expect(of(row, ['wrong', 'ungraded'])).toBeNull();
    expect(of(anAnnotation(aPath('right'), 'C', 'correct'), ['correct'])).toBeNull();
  });
});
