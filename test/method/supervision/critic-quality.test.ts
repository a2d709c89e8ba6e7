import { expect, it } from 'vitest';
import { agrees, criticQuality, isRight } from '../../../src/method/supervision/critic-quality.ts';
import { summarise } from '../../../src/method/supervision/summarise.ts';
import { aDraw, aPlan, aScored, finish } from './scored.ts';

it('agrees where the verdict is the oracle\u2019s; without a verdict it does not', () => {
  const verdicts = ['Rc', 'Rw', '1w', '1c', '-w', 'Ru', '1u', 'R', '?w'];
  expect(verdicts.map((letters) => agrees({ greedy: aDraw(letters) }))).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
    false,
    null,
    null,
  ]);
  expect(agrees({ greedy: null })).toBeNull();
  expect(agrees({ greedy: aDraw('Rc', { unfinished: ['critic'] }) })).toBeNull();
});

it('knows what is right by the oracle', () => {
  expect(['R', '1', '-', '?'].map((letter) => isRight({ greedy: aDraw(letter) }))).toEqual([true, false, false, null]);
  expect(isRight({ greedy: null })).toBeNull();
});

it('is what the critic\u2019s critiques of greedy responses are worth', () => {
  const letters = ['Rc', 'RwR', '1wR', '1w2', '2c', '1u'];
  const questions = letters.map((draw, i) => aScored(`q${i}`, { greedy: aDraw(draw) }));
  const plan = aPlan({ gates: ['verdict'], reviewers: ['critic'] });
  const { reviews } = finish(summarise(questions, plan, {}));
  expect(criticQuality({ reviews })).toMatchObject({
    gate: 'verdict',
    critiques: 6,
    discriminability: { n: 5, value: 3 / 5 },
    discriminabilityOnRight: { n: 2, value: 1 / 2 },
    discriminabilityOnWrong: { n: 3, value: 2 / 3 },
    unparsable: { n: 6, value: 1 / 6 },
    helpfulness: { n: 2, value: 1 / 2 },
  });
  expect(criticQuality({ reviews: [] })).toBeNull();
});
