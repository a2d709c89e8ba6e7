import { expect, test } from 'vitest';
import { agree, areEqual } from '../../../../src/backends/inference/vllm/probe.ts';

test('answers agree where the likeliest first token is as likely but for rounding', () => {
  const answer = [{ ' 7': -0.4, ' 8': -1.2 }, { '\n': -0.01 }];
  expect(agree(answer, [{ ' 7': -0.52, ' 8': -1.1 }, { '\n': -0.02 }])).toBe(true);
  expect(agree(answer, [{ ' 7': -0.9, ' 8': -0.6 }, { '\n': -0.01 }])).toBe(false);
  expect(agree(answer, [{ ' 9': -0.4 }])).toBe(false);
  expect(agree(answer, [])).toBe(false);
});

test('answers are equal to the last bit, or not', () => {
  expect(areEqual([{ a: -0.1 }, { b: -0.2 }], [{ a: -0.1 }, { b: -0.2 }])).toBe(true);
  expect(areEqual([{ a: -0.1 }, { b: -0.2 }], [{ a: -0.1 }, { b: -0.20000001 }])).toBe(false);
});
