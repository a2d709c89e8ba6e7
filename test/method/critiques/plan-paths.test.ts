import { describe, expect, it } from 'vitest';
import { type PlanOptions, planPaths } from '../../../src/method/critiques/plan-paths.ts';
import { stepsOf } from '../../../src/method/critiques/steps.ts';
import { PRIMER } from '../../../src/method/prompts/text.ts';
import { aQuestion } from '../../support/attempts.ts';

const OPTIONS: PlanOptions = {
  rg2: { perQuestion: 2 },
  rg3: {
    perQuestion: 1,
    mistakes: [
      { name: 'sign', weight: 1 },
      { name: 'unit', weight: 3 },
    ],
  },
  prefixSource: 'either',
  seed: 7,
};

const gold = (id: string) => aQuestion(id, { solution: 'a=1\nb=2\nc=3\n#### 3', reference: '3' });
const RIGHT = `${PRIMER}x=1\n\n  y=2  \nThe answer is 2.`;

describe('stepsOf', () => {
  it('takes lines, but for blank ones and those that only give the answer', () => {
    expect(stepsOf(RIGHT)).toEqual(['x=1', 'y=2']);
    expect(stepsOf('So x=1. The answer is 1.')).toEqual(['So x=1. The answer is 1.']);
    expect(stepsOf('x=1\nTherefore, the answer is $\\boxed{1}$.')).toEqual(['x=1']);
    expect(stepsOf('\n')).toEqual([]);
  });
});

describe('planPaths', () => {
  it('keeps the steps before the one that is to go wrong', () => {
    const steps = ['x=1', 'y=2'];
    for (let i = 0; i < 50; i++) {
      const plans = planPaths(OPTIONS).plan(gold(`q${i}`), [RIGHT]);
      expect(plans.map(({ strategy, sample }) => [strategy, sample])).toEqual([
        ['RG2', 0],
        ['RG2', 1],
        ['RG3', 0],
      ]);
      for (const { errorStep, prefix, nextStep, prefixSource, written, mistakeModel } of plans) {
        expect(prefix).toBe(steps.slice(0, errorStep - 1).join('\n'));
        expect(nextStep).toBe(steps[errorStep - 1]);
        expect([prefixSource, written, mistakeModel]).toEqual(['sampled', null, null]);
      }
      expect(plans.map(({ mistake }) => mistake !== null)).toEqual([false, false, true]);
    }
  });

  it('draws steps uniformly and mistakes by their weights', () => {
    const planner = planPaths({ ...OPTIONS, prefixSource: 'gold' });
    const plans = Array.from({ length: 3000 }, (_, i) => planner.plan(gold(`q${i}`), [])).flat();
    const share = (is: (plan: (typeof plans)[number]) => boolean, of = plans) => of.filter(is).length / of.length;
    for (const step of [1, 2, 3]) expect(share(({ errorStep }) => errorStep === step)).toBeCloseTo(1 / 3, 1);
    const planted = plans.filter(({ strategy }) => strategy === 'RG3');
    expect(Math.abs(share(({ mistake }) => mistake === 'unit', planted) - 0.75)).toBeLessThan(0.03);
    expect(planner.counts()).toEqual({ questions: 3000, withoutSource: 0, plans: { RG2: 6000, RG3: 3000 } });
  });

  it('plans the same whatever the order of questions and responses, and otherwise with another seed', () => {
    const other = RIGHT.replace('x=1', 'x=one');
    const plans = (order: string[], responses: string[], options = OPTIONS) => {
      const planner = planPaths(options);
      return new Map(order.map((id) => [id, planner.plan(gold(id), responses)]));
    };
    const one = plans(['a', 'b', 'c', 'd'], [RIGHT, other]);
    expect(plans(['d', 'b', 'c', 'a'], [other, RIGHT, RIGHT]).get('b')).toEqual(one.get('b'));
    expect(plans(['a', 'b', 'c', 'd'], [RIGHT, other], { ...OPTIONS, seed: 8 })).not.toEqual(one);
  });

  it('takes its prefixes from where it may', () => {
    const source = (prefixSource: PlanOptions['prefixSource'], responses: string[], question = gold('q')) => {
      const planner = planPaths({ ...OPTIONS, prefixSource });
      const [first] = planner.plan(question, responses);
      return [first?.prefixSource ?? null, planner.counts().withoutSource];
    };
    expect(source('sampled', [RIGHT])).toEqual(['sampled', 0]);
    expect(source('sampled', [])).toEqual([null, 1]);
    expect(source('gold', [RIGHT])).toEqual(['gold', 0]);
    expect(source('either', [])).toEqual(['gold', 0]);
    expect(source('either', ['The answer is 3.'])).toEqual(['gold', 0]);
    expect(source('either', [], aQuestion('n'))).toEqual([null, 1]);
    expect(source('gold', [RIGHT], aQuestion('n'))).toEqual([null, 1]);
  });

  it('makes no plans of a strategy that is off', () => {
    const strategies = (options: Partial<PlanOptions>) =>
      planPaths({ ...OPTIONS, ...options })
        .plan(gold('q'), [RIGHT])
        .map(({ strategy }) => strategy);
    expect(strategies({ rg2: null })).toEqual(['RG3']);
    expect(strategies({ rg3: null })).toEqual(['RG2', 'RG2']);
  });
});
