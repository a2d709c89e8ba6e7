import { Failure } from '../backends/failures.ts';

const LONGEST_MS = 20 * 60_000;
const MOST_ATTEMPTS = 10;

/** What attempts at a shard have seen of an engine that answers nothing but errors: it travels in their heartbeats. */
export interface Failing {
  /** When the first of these attempts ended, in milliseconds since the epoch. */
  since: number;
  /** In succession. */
  attempts: number;
}

/**
 * Counts one more attempt that got no answer but errors.
 * @throws Failure EngineFailing after 10 attempts and 20 minutes of it: waiting does not mend what always fails
 */
export function failedAgain(before: Failing | undefined, error: Failure): Failing {
  const now = Date.now();
  const { since, attempts } = before ?? { since: now, attempts: 0 };
  if (attempts + 1 >= MOST_ATTEMPTS && now - since >= LONGEST_MS) {
    const minutes = Math.round((now - since) / 60_000);
    throw new Failure(
      'EngineFailing',
      `nothing but errors in ${attempts + 1} attempts and ${minutes} minutes; the last: ${error.message}`,
      { cause: error },
    );
  }
  return { since, attempts: attempts + 1 };
}
