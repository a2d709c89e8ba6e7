import { describe, expect, it } from 'vitest';
import { type Rates, type Spending, spendingOf, tokensOf, useOf } from '../../../src/method/supervision/spending.ts';
import { strategy } from '../../../src/method/supervision/strategies.ts';

const SPENDING: Spending = {
  response: { generations: 2, promptTokens: 20, completionTokens: 10 },
  critique: { generations: 2, promptTokens: 40, completionTokens: 14 },
  refinement: { generations: 1, promptTokens: 30, completionTokens: 6 },
};

const RATES: Rates = {
  greedy: { secondsPerToken: 10, dollars: null },
  samples: { secondsPerToken: 0.5, dollars: null },
  'critic critique': { secondsPerToken: 1, dollars: { prompt: 0.1, completion: 2 } },
  'critic refinement': { secondsPerToken: 2, dollars: null },
  'chain critique': { secondsPerToken: 100, dollars: null },
};

const critic = { reviewer: 'critic', gate: 'always' } as const;

describe('useOf', () => {
  it('adds up what each part took at its own rate', () => {
    expect(useOf(SPENDING, strategy('maj', critic, 2), RATES)).toEqual({
      generations: 5,
      promptTokens: 90,
      completionTokens: 30,
      seconds: 10 * 0.5 + 14 * 1 + 6 * 2,
      cost: 40 * 0.1 + 14 * 2,
    });
  });

  it('knows which part generated: greedily, as samples, for a chain', () => {
    expect(useOf(SPENDING, strategy('greedy', critic, 1), RATES).seconds).toBe(10 * 10 + 14 + 12);
    expect(useOf(SPENDING, strategy('sequential-vote', critic, 1), RATES)).toMatchObject({
      seconds: 5 + 1400,
      cost: null,
    });
    const self = { reviewer: 'self', gate: 'always' } as const;
    expect(useOf(SPENDING, strategy('maj', self, 2), RATES)).toMatchObject({ seconds: 5, cost: null });
  });

  it('costs 0 where what has a price was not needed, and has no cost where nothing has a price', () => {
    const nothing = { generations: 0, promptTokens: 0, completionTokens: 0 };
    const spared = { ...SPENDING, critique: nothing, refinement: nothing };
    expect(useOf(spared, strategy('greedy', { ...critic, gate: 'oracle' }, 1), RATES)).toMatchObject({
      generations: 2,
      cost: 0,
    });
    expect(useOf(spared, strategy('greedy', null, 1), RATES).cost).toBeNull();
  });
});

it('sums and scales, and counts tokens of both kinds', () => {
  expect(tokensOf(SPENDING)).toBe(120);
  const mean = spendingOf([SPENDING, SPENDING, SPENDING], 1 / 6);
  expect(mean.refinement).toEqual({ generations: 1 / 2, promptTokens: 15, completionTokens: 3 });
  expect(tokensOf(mean)).toBeCloseTo(60, 12);
  expect(tokensOf(spendingOf([], 1))).toBe(0);
});
