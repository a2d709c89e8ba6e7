import { expect, test } from 'vitest';
import { attribute, latestFirst, type Span, sum, without } from './spans.ts';

test('what others cover is taken out, however they overlap', () => {
  const others: Span[] = [
    [60, 70],
    [10, 30],
    [20, 40],
    [95, 200],
  ];
  expect(without([0, 100], others)).toEqual([
    [0, 10],
    [40, 60],
    [70, 95],
  ]);
  expect(sum(without([0, 100], others))).toBe(55);
  expect(without([20, 30], others)).toEqual([]);
});

test('each moment belongs to the owner that began last, and once', () => {
  const owners = latestFirst([
    { name: 'whole', span: [0, 60] },
    { name: 'shard', span: [20, 40] },
    { name: 'shard', span: [30, 50] },
  ]);
  const { byName, rest } = attribute(
    [
      [10, 35],
      [45, 100],
    ],
    owners,
  );
  expect(Object.fromEntries(byName)).toEqual({ shard: 20, whole: 20 });
  expect(rest).toBe(40);
});
