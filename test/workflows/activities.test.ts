import type { ActivityOptions } from '@temporalio/workflow';
import { describe, expect, it, vi } from 'vitest';
import { cpuActivities, inferenceActivities, trainActivities } from '../../src/activities/index.ts';
import { FAILURES } from '../../src/backends/failures.ts';
import { QUEUES } from '../../src/workflows/queues.ts';

/** What each activity is asked with, by its name. */
const asked = vi.hoisted(() => new Map<string, ActivityOptions>());
vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<object>()),
  proxyActivities: (options: ActivityOptions) =>
    new Proxy({}, { get: (_, name) => asked.set(String(name), options) && (() => {}) }),
}));
await import('../../src/workflows/activities.ts');

const DURATION = /^\d+ (?:second|minute|hour|day)s?$/;

const none = {} as never;
const byQueue = {
  [QUEUES.cpu]: Object.keys(cpuActivities(none)),
  [QUEUES.inference]: Object.keys(inferenceActivities(none)),
  [QUEUES.train]: Object.keys(trainActivities(none)),
};

describe('every activity', () => {
  it('is asked on the queue whose workers have it', () => {
    for (const [queue, names] of Object.entries(byQueue))
      expect([...asked].flatMap(([name, { taskQueue }]) => (taskQueue === queue ? [name] : [])).sort()).toEqual(
        names.sort(),
      );
  });

  it.each(Object.values(byQueue).flat())('%s ends some time, whatever happens', (name) => {
    const { scheduleToCloseTimeout, startToCloseTimeout, heartbeatTimeout, retry } = asked.get(name)!;
    expect(scheduleToCloseTimeout).toMatch(DURATION);
    expect(startToCloseTimeout).toMatch(DURATION);
    // What may take longer than a minute tells that it is alive.
    if (startToCloseTimeout !== '1 minute') expect(heartbeatTimeout).toMatch(DURATION);
    // Silence is tried again at the same interval; failures say when themselves.
    expect(retry).toMatchObject({ initialInterval: '1 second', backoffCoefficient: 1 });
    expect(retry).not.toHaveProperty('maximumAttempts');
    for (const type of retry!.nonRetryableErrorTypes!) expect(FAILURES).toHaveProperty(type, { retryable: false });
    expect(retry!.nonRetryableErrorTypes).toContain('PayloadsTooLarge');
  });
});
