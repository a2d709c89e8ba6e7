import { expect, it } from 'vitest';
import type { Method, Strategy } from '../../../src/method/supervision/summary.ts';
import { strategyName } from '../../../src/report/supervision/names.ts';

const named = (method: Method, k = 8, rest: Partial<Strategy> = {}) =>
  strategyName({ method, reviewer: 'critic', gate: 'verdict', k, ...rest });

it('names every strategy', () => {
  expect(named('greedy', 1, { reviewer: null, gate: null })).toBe('response only, greedy');
  expect(named('greedy', 1)).toBe('with critic (verdict), greedy');
  expect(named('sampled', 1, { reviewer: 'self' })).toBe('self-correction (verdict), one sample');
  expect(named('maj')).toBe('vote of 8, with critic (verdict)');
  expect(named('pass', 8, { reviewer: null, gate: null })).toBe('pass@8, response only');
  expect(named('best', 8, { gate: null })).toBe('best of 8, by the critic\u2019s verdict');
  expect(named('best', 8, { reviewer: 'self', gate: null })).toBe('best of 8, by the actor\u2019s own verdict');
  expect(named('sequential-vote')).toBe('vote of 8 rounds, with critic (verdict)');
  expect(named('sequential-last', 1)).toBe('last of 1 round, with critic (verdict)');
  expect(named('sequential-pass')).toBe('any of 8 rounds, with critic (verdict)');
});
