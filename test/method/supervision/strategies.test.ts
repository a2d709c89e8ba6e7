import { expect, it } from 'vitest';
import { keyOf, strategies, strategy } from '../../../src/method/supervision/strategies.ts';
import { aPlan } from './scored.ts';

it('are those of the plan: of k samples up to what was drawn or reviewed, of chains by the critic', () => {
  const plan = aPlan({
    samples: 4,
    reviewed: 2,
    ks: [1, 2, 4],
    gates: ['always', 'oracle'],
    reviewers: ['critic', 'self'],
  });
  const keys = strategies({ ...plan, rounds: 5 }).map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => !key.includes('critic') && !key.includes('self'))).toEqual([
    'greedy',
    'sampled',
    'maj@1',
    'pass@1',
    'maj@2',
    'pass@2',
    'maj@4',
    'pass@4',
  ]);
  expect(keys.filter((key) => key.endsWith('self oracle'))).toEqual([
    'greedy self oracle',
    'sampled self oracle',
    'maj@1 self oracle',
    'pass@1 self oracle',
    'maj@2 self oracle',
    'pass@2 self oracle',
  ]);
  expect(keys.filter((key) => key.startsWith('best'))).toEqual([
    'best@1 critic',
    'best@2 critic',
    'best@1 self',
    'best@2 self',
  ]);
  expect(keys.filter((key) => key.startsWith('sequential-last'))).toEqual(
    ['always', 'oracle'].flatMap((gate) => [1, 2, 4, 5].map((round) => `sequential-last@${round} critic ${gate}`)),
  );
});

it('are the greedy ones alone where nothing else was planned', () => {
  expect(strategies(aPlan()).map(keyOf)).toEqual(['greedy']);
  const plan = aPlan({ gates: ['verdict'], reviewers: ['self'], rounds: 4 });
  expect(strategies(plan).map(keyOf)).toEqual(['greedy', 'greedy self verdict']);
});

it('choose no best one where the oracle has right responses not critiqued', () => {
  const plan = aPlan({ samples: 2, reviewed: 2, ks: [1], gates: ['oracle'], reviewers: ['critic'] });
  expect(strategies(plan).some(({ method }) => method === 'best')).toBe(false);
});

it.each([
  [strategy('greedy', null, 1), 'greedy'],
  [strategy('maj', null, 16), 'maj@16'],
  [strategy('maj', { reviewer: 'critic', gate: 'verdict' }, 8), 'maj@8 critic verdict'],
  [strategy('sampled', { reviewer: 'self', gate: 'always' }, 1), 'sampled self always'],
  [strategy('pass', null, 4), 'pass@4'],
  [{ method: 'best', reviewer: 'critic', gate: null, k: 4 } as const, 'best@4 critic'],
  [strategy('sequential-vote', { reviewer: 'critic', gate: 'oracle' }, 4), 'sequential-vote@4 critic oracle'],
  [strategy('sequential-last', { reviewer: 'critic', gate: 'oracle' }, 1), 'sequential-last@1 critic oracle'],
  [strategy('sequential-pass', { reviewer: 'critic', gate: 'oracle' }, 2), 'sequential-pass@2 critic oracle'],
])('%o is %s', (each, key) => {
  expect(keyOf(each)).toBe(key);
});
