import { expect, it } from 'vitest';
import type { ShardResult, ShardTask } from '../../src/activities/shard.ts';
import { Budget } from '../../src/workflows/budget.ts';

const task = (shard: number, price: object | null = { prompt: 1e6, completion: 2e6 }) =>
  ({ stage: 'samples/critique', shard, model: { config: { ...(price && { price }) } } }) as unknown as ShardTask;
const result = (prompt: number, completion: number, exhausted = false) =>
  ({ tokens: { prompt, completion }, exhausted }) as ShardResult;

it('sums what shards spend, on top of what was spent before', () => {
  const budget = new Budget({ limit: 100, spent: 10 });
  budget.add(task(0), result(5, 10));
  budget.add(task(1), result(1, 1));
  expect(budget.spent).toBe(10 + 25 + 3);
  expect(budget.leftFor(task(2))).toBe(62);
});

it('does not count a shard twice that is run again after a pause, and leaves it what it has spent itself', () => {
  const budget = new Budget({ limit: 100, spent: 0 });
  budget.add(task(0), result(20, 10));
  expect(budget.leftFor(task(0))).toBe(100);
  budget.add(task(0), result(30, 20));
  expect(budget.spent).toBe(70);
});

it('bounds models with a price where there is a limit', () => {
  expect(new Budget({ limit: 1, spent: 0 }).bounds(task(0))).toBe(true);
  expect(new Budget({ limit: 1, spent: 0 }).bounds(task(0, null))).toBe(false);
  expect(new Budget({ limit: null, spent: 0 }).bounds(task(0))).toBe(false);
});

it('knows when a shard could not afford another request', () => {
  const budget = new Budget({ limit: 1, spent: 2 });
  expect(budget.leftFor(task(0))).toBe(0);
  budget.add(task(0, null), result(9, 9));
  expect([budget.spent, budget.exhausted]).toEqual([2, false]);
  budget.add(task(0), result(0, 0, true));
  expect(budget.exhausted).toBe(true);
});
