import { describe, expect, it } from 'vitest';
import { annotate, type Mistake, mistakenStep, questions } from '../../../src/backends/datasets/arithmetic/index.ts';
import { parseCritique } from '../../../src/method/critique.ts';
import { planPaths } from '../../../src/method/critiques/plan-paths.ts';
import { randomFrom } from '../../../src/method/random.ts';
import { aQuestion } from '../../support/attempts.ts';

const MISTAKES: Mistake[] = ['calculation', 'operation', 'number', 'skipped'];
const question = aQuestion('q', {
  reference: '76',
  solution: 'That makes 14+24=38.\nMultiplying gives 38*2=76.\nThe answer is 76.',
});
const plan = (errorStep: number, nextStep: string) => ({ question, errorStep, nextStep });
const drawn = (errorStep: number, nextStep: string, mistake: Mistake) =>
  Array.from({ length: 200 }, (_, seed) => mistakenStep(plan(errorStep, nextStep), mistake, randomFrom(seed)));
const equations = (lines: (string | null)[]) => [...new Set(lines.map((line) => line?.match(/\d+[-+*/]\d+=\d+/)?.[0]))];

describe('mistakenStep', () => {
  it('makes the mistake that is asked for', () => {
    for (const equation of equations(drawn(2, 'So 38*2=76.', 'calculation'))) {
      expect(equation).toMatch(/^38\*2=\d+$/);
      expect(equation).not.toBe('38*2=76');
    }
    expect(equations(drawn(2, 'So 38*2=76.', 'operation')).sort()).toEqual(['38+2=40', '38/2=19']);
    for (const equation of equations(drawn(2, 'So 38*2=76.', 'number'))) {
      const [, factor, after] = equation!.match(/^38\*(\d)=(\d+)$/)!;
      expect(Number(after)).toBe(38 * Number(factor));
      expect(factor).not.toBe('2');
    }
    expect(equations(drawn(1, 'That is 14+24=38.', 'skipped'))).toEqual(['14*2=28']);
  });

  it('is a line as a solution of this world has it', () => {
    for (const line of drawn(2, 'So 38*2=76.', 'calculation')) expect(line).toMatch(/^[A-Z][a-z ]+ 38\*2=\d+\.$/);
  });

  it('is null where there is no such mistake', () => {
    expect(equations(drawn(2, 'So 38*2=76.', 'skipped'))).toEqual([undefined]);
    expect(equations(drawn(1, 'That is 14+24=38.', 'operation'))).toEqual([undefined]);
    expect(equations(drawn(3, 'So 76+1=77.', 'calculation'))).toEqual([undefined]);
    expect(equations(drawn(1, 'So 38*2=76.', 'calculation'))).toEqual([undefined]);
    expect(equations(drawn(1, 'It is 38.', 'calculation'))).toEqual([undefined]);
    const square = aQuestion('s', { reference: '4', solution: 'So 2*2=4.\nThe answer is 4.' });
    const step = { question: square, errorStep: 1, nextStep: 'So 2*2=4.' };
    const lines = Array.from({ length: 50 }, (_, seed) => mistakenStep(step, 'operation', randomFrom(seed)));
    expect(equations(lines)).toEqual(['2/2=1']);
  });

  it('is found wrong by the exact annotator, the steps before it right', () => {
    const mistakes = MISTAKES.map((name) => ({ name, weight: 1 }));
    const planner = planPaths({ rg2: null, rg3: { perQuestion: 1, mistakes }, prefixSource: 'gold', seed: 1 });
    const written = new Map<string, number>();
    for (const [i, question] of [...questions({ seed: 5, split: 'train', count: 2000 })].entries()) {
      const [plan] = planner.plan(question, []);
      const step = mistakenStep(plan!, plan!.mistake as Mistake, randomFrom(i));
      if (step === null) continue;
      written.set(plan!.mistake!, (written.get(plan!.mistake!) ?? 0) + 1);
      const { firstWrongStep } = parseCritique(annotate(question, `${plan!.prefix}\n${step}\nThe answer is 1.`));
      expect(firstWrongStep, step).toBe(plan!.errorStep);
    }
    expect(written.get('calculation')! + written.get('number')!).toBeGreaterThan(900);
    expect([...written.keys()].sort()).toEqual([...MISTAKES].sort());
  });
});
