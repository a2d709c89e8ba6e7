import { expect, test } from 'vitest';
import { Deadline } from '../../../src/backends/inference/deadline.ts';

const MINUTE = 60_000;

test('a request may take an hour before any was answered', () => {
  expect(new Deadline().of(1024)).toBe(60 * MINUTE);
});

test('then 20 times what its longest answer would take at the mean, between 5 minutes and a day', () => {
  const deadline = new Deadline();
  for (const tokens of [100, 300]) deadline.answered(tokens * 40, tokens);
  expect(deadline.of(1024)).toBe(20 * 1024 * 40);
  expect(deadline.of(16)).toBe(5 * MINUTE);
  expect(deadline.of(1_000_000)).toBe(24 * 60 * MINUTE);
});

test('one answer of a single token that waited long changes little', () => {
  const deadline = new Deadline();
  for (let i = 0; i < 500; i++) deadline.answered(8_000, 200);
  const before = deadline.of(1024);
  deadline.answered(10_000, 1);
  expect(deadline.of(1024)).toBeLessThan(1.01 * before);
});
