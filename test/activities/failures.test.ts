import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { withFailures } from '../../src/activities/failures.ts';
import { FAILURES, Failure, type FailureType } from '../../src/backends/failures.ts';

/** An activity that ends so, as Temporal hears of it. */
async function heard<R>(activity: () => Promise<R>, attempt = 1): Promise<R> {
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR', () => {}) });
  return await environment.run(withFailures(activity));
}

const thrown = async (error: unknown, attempt = 1): Promise<ApplicationFailure> =>
  await heard(() => Promise.reject(error), attempt).then(
    () => expect.unreachable(),
    (failure) => failure,
  );

describe('a failure of an activity', () => {
  it.each(Object.entries(FAILURES))(
    '%s reaches Temporal with its type, and is retried or not',
    async (type, { retryable }) => {
      const failure = await thrown(new Failure(type as FailureType, 'why'));
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type, message: 'why', nonRetryable: !retryable });
    },
  );
});

describe('when an attempt is made again', () => {
  const down = new Failure('EngineUnavailable', 'nobody there');

  it('an outage is looked at every few seconds, at the hundredth attempt as at the first', async () => {
    for (const attempt of [1, 100]) expect((await thrown(down, attempt)).nextRetryDelay).toBe(3_000);
    for (const type of ['StoreUnavailable', 'TrainerUnavailable'] as const)
      expect((await thrown(new Failure(type, 'gone'), 9)).nextRetryDelay).toBeGreaterThanOrEqual(3_000);
  });

  it('the other side’s own time comes first', async () => {
    const busy = new Failure('EngineUnavailable', 'busy', { retryAfter: 20_000 });
    expect((await thrown(busy, 3)).nextRetryDelay).toBe(20_000);
  });

  it('what nobody foresaw is tried less and less often, and keeps its name', async () => {
    const waits = [1, 2, 5, 50].map(async (attempt) => (await thrown(new RangeError('odd'), attempt)).nextRetryDelay);
    expect(await Promise.all(waits)).toEqual([1_000, 2_000, 16_000, 60_000]);
    expect(await thrown(new RangeError('odd'))).toMatchObject({
      type: 'RangeError',
      message: 'odd',
      nonRetryable: false,
    });
  });
});

describe('a result', () => {
  it('that history should not keep is refused, and not asked for again', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ question: `question ${i}`, response: 'ü'.repeat(20) }));
    const failure = await heard(async () => rows).catch((error) => error as ApplicationFailure);
    expect(failure).toMatchObject({
      type: 'PayloadsTooLarge',
      nonRetryable: true,
      message: 'its result is 1.6 MB, expected at most 1 MB: rows belong into the store',
    });
  });

  it.each([[undefined], [null], [{ uri: 'runs/a', rows: 3 }]])('%j goes', async (result) => {
    expect(await heard(async () => result)).toBe(result);
  });
});
