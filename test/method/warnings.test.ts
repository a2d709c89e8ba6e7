import { describe, expect, it } from 'vitest';
import { proportion } from '../../src/method/estimate.ts';
import type { OddCounts } from '../../src/method/odd.ts';
import { collapse, leftOut, noneRight, oddWarnings, oneSided } from '../../src/method/warnings.ts';

const asked = { maxTokens: 512, promptFamily: 'base' };
const odd = (rows: number, counts: OddCounts) => oddWarnings('iteration 1, sample', { rows, odd: counts }, asked);

describe('texts that were not written to their end and read', () => {
  it('are told with their number, their share and what to change', () => {
    expect(odd(300, { truncated: 120, unparsed: 61 })).toEqual([
      "iteration 1, sample: 120 of 300 (40 %) texts were cut off: raise the model's maxTokens (512)",
      'iteration 1, sample: 61 of 300 (20 %) texts are not in the expected format: see that the model was trained to it, ' +
        'and its promptFamily ("base")',
    ]);
  });

  it.each(['contextExceeded', 'rejected', 'failed', 'unavailable', 'ungraded'] as const)('%s has a meaning', (name) => {
    expect(odd(100, { [name]: 100 })).toEqual([
      expect.stringMatching(/^iteration 1, sample: 100 of 100 \(100 %\) texts /),
    ]);
  });

  it('are not worth a word where they are few, or of few', () => {
    expect(odd(300, { truncated: 60 })).toEqual([]);
    expect(odd(19, { truncated: 18 })).toEqual([]);
    expect(odd(0, {})).toEqual([]);
  });

  it('are told of all texts, however few', () => {
    expect(odd(3, { unparsed: 3 })).toHaveLength(1);
  });
});

describe('no right answer', () => {
  it('is told from 20 on', () => {
    expect(noneRight('evaluate', { rows: 20, correct: 0 })).toEqual([
      expect.stringContaining('evaluate: none of 20 answers is right'),
    ]);
    expect(noneRight('evaluate', { rows: 19, correct: 0 })).toEqual([]);
    expect(noneRight('evaluate', { rows: 1000, correct: 1 })).toEqual([]);
  });
});

describe('an accuracy that collapses', () => {
  it('is told where the intervals are apart and it is halved', () => {
    expect(collapse(2, proportion(120, 200), proportion(10, 200))).toEqual([
      expect.stringContaining('iteration 2: accuracy fell from 60 % to 5.0 % (n = 200)'),
    ]);
  });

  it('is not a fall within the noise, or a small one', () => {
    expect(collapse(1, proportion(6, 10), proportion(3, 10))).toEqual([]);
    expect(collapse(1, proportion(600, 1000), proportion(400, 1000))).toEqual([]);
    expect(collapse(1, proportion(60, 100), proportion(90, 100))).toEqual([]);
  });

  it('can not be told where nothing was measured', () => {
    expect(collapse(1, null, proportion(0, 100))).toEqual([]);
    expect(collapse(1, proportion(90, 100), proportion(0, 0))).toEqual([]);
  });
});

describe('rows that are too long to train on', () => {
  it('are told', () => {
    expect(leftOut('iteration 1, fine-tune', { rows: 90, dropped: 10 })).toEqual([
      'iteration 1, fine-tune: 10 of 100 (10 %) rows were left out, because their prompts alone fill maxLength',
    ]);
    expect(leftOut('iteration 1, fine-tune', { rows: 90, dropped: 0 })).toEqual([]);
  });
});

describe('a critic that always says the same', () => {
  it('is told, whichever it says', () => {
    expect(oneSided('the critic', proportion(30, 30), proportion(0, 70))).toEqual([
      'the critic calls all 100 responses right, 70 of them by mistake: its verdicts tell nothing',
    ]);
    expect(oneSided('the critic', proportion(0, 30), proportion(70, 70))).toEqual([
      'the critic calls all 100 responses wrong, 30 of them by mistake: its verdicts tell nothing',
    ]);
  });

  it('is not one that is right, or that had only one kind of responses', () => {
    expect(oneSided('the critic', proportion(30, 30), proportion(70, 70))).toEqual([]);
    expect(oneSided('the critic', proportion(30, 30), proportion(1, 70))).toEqual([]);
    expect(oneSided('the critic', proportion(0, 0), proportion(0, 70))).toEqual([]);
    expect(oneSided('the critic', proportion(5, 5), proportion(0, 5))).toEqual([]);
  });
});
