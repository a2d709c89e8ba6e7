import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { withFailures } from '../../src/activities/failures.ts';
import { Failure } from '../../src/backends/failures.ts';

/** How an activity's error reaches Temporal. */
async function thrown(error: unknown, attempt: number): Promise<ApplicationFailure> {
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR', () => {}) });
  const failing = withFailures(() => Promise.reject(error));
  return await environment.run(failing).then(
    () => expect.unreachable(),
    (failure) => failure,
  );
}

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
    expect(await thrown(new RangeError('odd'), 1)).toMatchObject({
      type: 'RangeError',
      message: 'odd',
      nonRetryable: false,
    });
  });
});
