import { activityInfo, CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type FAILURES, Failure, type FailureType } from '../backends/failures.ts';
import { MOST_PAYLOAD, megabytes, PAYLOAD_EXPECTED, payloadBytes } from '../method/payload.ts';
import { activityMetrics } from './metrics.ts';

/** Waiting for these is normal: they are logged quietly. */
const EXPECTED = new Set(['EngineUnavailable', 'CheckpointNotServed', 'ResultPending']);

/** Their message says it all: a stack would only bury it. */
const USERS_TO_MEND = new Set(['InvalidInput', 'StoreConflict']);

/** What nobody foresaw may come again at once: it is tried at growing intervals, unlike an attempt that was killed (workflows/activities.ts). */
const UNFORESEEN_MS = { first: 1_000, longest: 60_000 };

/** Wraps an activity so that our failures reach Temporal with their type, and others with a time to wait. */
export function withFailures<A extends unknown[], R>(activity: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return expectSmall(await activity(...args));
    } catch (error) {
      throw toTemporal(error, activityInfo().attempt);
    }
  };
}

/** A result is kept in history. */
function expectSmall<R>(result: R): R {
  const bytes = payloadBytes(result);
  if (bytes <= MOST_PAYLOAD) return result;
  throw new Failure('PayloadsTooLarge', `its result is ${megabytes(bytes)}, ${PAYLOAD_EXPECTED}`);
}

function toTemporal(error: unknown, attempt: number): unknown {
  if (error instanceof CancelledFailure) return error;
  const type = error instanceof Failure ? error.type : 'unforeseen';
  activityMetrics().add('critique_loop_activity_failures', 1, { type });
  if (!(error instanceof Failure)) {
    const { first, longest } = UNFORESEEN_MS;
    return ApplicationFailure.fromError(error, { nextRetryDelay: Math.min(longest, first * 2 ** (attempt - 1)) });
  }
  const failure = ApplicationFailure.create({
    type: error.type,
    message: error.message,
    nonRetryable: !error.retryable,
    ...(error.retryAfter !== undefined && { nextRetryDelay: error.retryAfter }),
    ...(EXPECTED.has(error.type) && { category: ApplicationFailureCategory.BENIGN }),
    ...(error.cause instanceof Error && { cause: error.cause }),
  });
  failure.stack = USERS_TO_MEND.has(error.type) ? '' : (error.stack ?? '');
  return failure;
}

/** Failure types that no retry helps. */
export type NonRetryable = {
  [T in FailureType]: (typeof FAILURES)[T]['retryable'] extends false ? T : never;
}[FailureType];
