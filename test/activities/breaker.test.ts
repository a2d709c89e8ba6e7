import { afterEach, expect, it, vi } from 'vitest';
import { type Failing, failedAgain } from '../../src/activities/breaker.ts';
import { Failure } from '../../src/backends/failures.ts';

const MINUTE = 60_000;
const error = new Failure('EngineUnavailable', 'http://engine/v1: 500 CUDA error');

afterEach(() => void vi.useRealTimers());

/** Attempts in succession, each so long after the one before. */
function attempts(count: number, apart: number): Failing {
  let failing = failedAgain(undefined, error);
  for (let i = 1; i < count; i++) {
    vi.setSystemTime(Date.now() + apart);
    failing = failedAgain(failing, error);
  }
  return failing;
}

it('ends a shard after 10 attempts and 20 minutes of nothing but errors (1,149 identical retries in 24 days)', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const before = attempts(9, 3 * MINUTE);
  expect(before.attempts).toBe(9);
  expect(() => failedAgain(before, error)).toThrow(
    expect.objectContaining({
      type: 'EngineFailing',
      retryable: false,
      message: 'nothing but errors in 10 attempts and 24 minutes; the last: http://engine/v1: 500 CUDA error',
    }),
  );
});

it('ends none before both are over', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  expect(attempts(9, 10 * MINUTE).attempts).toBe(9);
  expect(attempts(20, 30_000).attempts).toBe(20);
});
