import { describe, expect, it } from 'vitest';
import { annotate, flaw, questions, refinements, type Split } from '../../../src/backends/datasets/arithmetic/index.ts';
import { parseCritique } from '../../../src/method/critique.ts';
import { PRIMER } from '../../../src/method/prompts/text.ts';
import { randomFrom } from '../../../src/method/random.ts';
import type { Question } from '../../../src/method/rows.ts';
import { solveText } from './arithmetic-solver.ts';

const take = (split: Split, count: number, seed = 1) => [...questions({ seed, split, count })];

/** The problem without its wording: the numbers and operations of its solution. */
const skeletonOf = ({ solution }: Question) =>
  solution!
    .split('\n')
    .map((line) => line.match(/\d+[-+*/]\d+/)?.[0] ?? '')
    .join(' ');

describe('questions', () => {
  it('are right: solving the text gives the reference, and the solution gets there by equations that hold', () => {
    for (const question of take('train', 5000)) {
      expect(solveText(question.question), question.question).toBe(Number(question.reference));
      const lines = question.solution!.split('\n');
      expect(lines.at(-1)).toBe(`The answer is ${question.reference}.`);
      expect(lines).toHaveLength(question.level! + 1);
      let value: number | undefined;
      for (const line of lines.slice(0, -1)) {
        const [, before, sign, operand, after] = line.match(/^[A-Z][a-z ]+ (\d+)([-+*/])(\d+)=(\d+)\.$/)!;
        const [a, b, c] = [Number(before), Number(operand), Number(after)];
        if (value !== undefined) expect(a).toBe(value);
        expect({ '+': a + b, '-': a - b, '*': a * b, '/': a / b }[sign!], line).toBe(c);
        value = c;
      }
      expect(String(value)).toBe(question.reference);
    }
  });

  it('are the same for the same seed, split and place, wherever the asking starts', () => {
    const all = take('train', 40);
    expect(take('train', 40)).toEqual(all);
    expect([...questions({ seed: 1, split: 'train', first: 30, count: 10 })]).toEqual(all.slice(30));
    expect(take('train', 40, 2).map((q) => q.question)).not.toEqual(all.map((q) => q.question));
  });

  it('share no problem between splits, whatever the seed and the wording', () => {
    const skeletons = (split: Split) => new Set([1, 2, 3].flatMap((seed) => take(split, 4000, seed)).map(skeletonOf));
    const [train, test, pretrain] = [skeletons('train'), skeletons('test'), skeletons('pretrain')];
    expect(new Set([...train, ...test, ...pretrain]).size).toBe(train.size + test.size + pretrain.size);
    for (const split of [train, test, pretrain]) expect(split.size).toBeGreaterThan(5000);
  });

  it('go through the levels in turn, or through those asked for', () => {
    expect(take('test', 7).map((q) => q.level)).toEqual([1, 2, 3, 4, 5, 1, 2]);
    expect([...questions({ seed: 1, split: 'test', count: 4, levels: [2, 5] })].map((q) => q.level)).toEqual([
      2, 5, 2, 5,
    ]);
    expect(new Set(take('test', 100).map((q) => q.id)).size).toBe(100);
  });

  it('have a sentence that is beside the point in about a quarter of them', () => {
    const distracted = take('train', 4000).filter((q) => q.question.split('. ').length > q.level! + 2).length;
    expect(distracted / 4000).toBeGreaterThan(0.22);
    expect(distracted / 4000).toBeLessThan(0.28);
  });
});

describe('flaw', () => {
  it('leads to a wrong answer, by every kind of mistake, with the steps before it right', () => {
    const seen = new Map<string, number>();
    for (const [i, question] of take('train', 3000).entries()) {
      const { response, mistake, step } = flaw(question, randomFrom(i));
      seen.set(mistake, (seen.get(mistake) ?? 0) + 1);
      expect(response.match(/The answer is (\d+)\.$/)![1]).not.toBe(question.reference);
      const labels = parseCritique(annotate(question, response)).steps.map(({ label }) => label);
      expect(labels.slice(0, step - 1).every((label) => label === 'correct')).toBe(true);
      if (mistake !== 'skipped') expect(labels[step - 1]).toBe('wrong');
      else expect(labels).toHaveLength(question.level! - 1);
    }
    expect([...seen.keys()].sort()).toEqual(['calculation', 'number', 'operation', 'skipped']);
  });
});

describe('annotate', () => {
  const question: Question = {
    id: 'q',
    question: 'Ana has 14 shells. She finds 24 more. She doubles the pile. How many shells are there now?',
    reference: '76',
    solution: 'That makes 14+24=38.\nMultiplying gives 38*2=76.\nThe answer is 76.',
    level: 2,
    answerFormat: 'plain',
  };

  it('recomputes every step, then labels it, and gives the verdict last', () => {
    expect(annotate(question, 'Adding gives 14+24=48.\nThe pile grows to 48*2=96.\nThe answer is 96.')).toBe(
      [
        'Explanation: This step gives 14+24=38.',
        'Step sentence: Adding gives 14+24=48.',
        'Correctness of the step: Wrong',
        'Explanation: This step gives 38*2=76.',
        'Step sentence: The pile grows to 48*2=96.',
        'Correctness of the step: Wrong',
        'Explanation: The result is 76.',
        'Correctness of the final answer: Wrong',
      ].join('\n'),
    );
  });

  it('finds every step of a right solution correct, however it is worded and with or without the primer', () => {
    for (const response of [question.solution!, `${PRIMER}24 + 14 = 38\n\n2*38=76\nThe answer is 76`]) {
      const { steps, verdict, firstWrongStep } = parseCritique(annotate(question, response));
      expect({ labels: steps.map((s) => s.label), verdict, firstWrongStep }).toEqual({
        labels: ['correct', 'correct'],
        verdict: 'correct',
        firstWrongStep: null,
      });
    }
  });

  it('says what is still to do, and what was one step too many', () => {
    expect(annotate(question, 'That makes 14+24=38.\nThe answer is 38.')).toContain(
      'Explanation: Still to do is 38*2=76. The result is 76.',
    );
    const tooMany = annotate(question, question.solution!.replace('The answer', 'Adding gives 76+1=77.\nThe answer'));
    expect(tooMany).toContain(
      'There is no such step.\nStep sentence: Adding gives 76+1=77.\nCorrectness of the step: Wrong',
    );
  });

  it('does not take a result without its working, nor an equation that does not hold, for a right step', () => {
    const { steps, verdict } = parseCritique(
      annotate(question, 'It is 38.\nMultiplying gives 30*2=76.\nThe answer is 76.'),
    );
    expect(steps.map((s) => s.label)).toEqual(['wrong', 'wrong']);
    expect(verdict).toBe('correct');
  });

  it('says wrong of whatever has no right answer, and is a critique all the same', () => {
    const garbage = ['', '\n\n', 'The answer is', 'The answer is none.', '= = 3+\nxx', 'The answer is 7.', '76'];
    for (const response of garbage) expect(parseCritique(annotate(question, response)).verdict).toBe('wrong');
  });
});

describe('refinements', () => {
  it('are triples of a flawed solution, a critique that says so and a right solution', () => {
    for (const { question, response, critique, refinement } of refinements({ seed: 1, split: 'train', count: 500 })) {
      expect(critique).toBe(annotate(question, response));
      const { verdict, firstWrongStep, steps } = parseCritique(critique);
      expect(verdict).toBe('wrong');
      expect(firstWrongStep !== null || steps.length < question.level!).toBe(true);
      expect(parseCritique(annotate(question, refinement)).verdict).toBe('correct');
    }
  });
});
