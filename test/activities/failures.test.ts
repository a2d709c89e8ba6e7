import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { withFailures } from '../../src/activities/failures.ts';
import { FAILURES, Failure, type FailureType } from '../../src/backends/failures.ts';

const failing = (error: unknown) =>
  withFailures(async () => {
    throw error;
  })().catch((error) => error as ApplicationFailure);

describe('a failure of an activity', () => {
  it.each(Object.entries(FAILURES))(
    '%s reaches Temporal with its type, and is retried or not',
    async (type, { retryable }) => {
      const failure = await failing(new Failure(type as FailureType, 'why'));
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type, message: 'why', nonRetryable: !retryable });
    },
  );

  it('of a mistake in this program stays what it is, and is retried', async () => {
    const error = new TypeError('x is not a function');
    expect(await failing(error)).toBe(error);
  });
});

describe('a result', () => {
  it('that history should not keep is refused, and not asked for again', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ question: `question ${i}`, response: 'ü'.repeat(20) }));
    const failure = await withFailures(async () => rows)().catch((error) => error as ApplicationFailure);
    expect(failure).toMatchObject({
      type: 'PayloadsTooLarge',
      nonRetryable: true,
      message: 'its result is 1.6 MB, expected at most 1 MB: rows belong into the store',
    });
  });

  it.each([[undefined], [null], [{ uri: 'runs/a', rows: 3 }]])('%j goes', async (result) => {
    expect(await withFailures(async () => result)()).toBe(result);
  });
});
