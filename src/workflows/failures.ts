import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';

/** The failure that an activity began with, without the wrappings of the activities and children above it: what users read first. */
export function rootFailure(error: unknown): unknown {
  if (isCancellation(error)) return error;
  let root: unknown = error;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ApplicationFailure) root = cause;
  }
  return root;
}

/** A run that fails or is cancelled leaves a report of what it did. */
export async function reportFailure(
  error: unknown,
  report: (status: 'cancelled' | 'failed', reason: string | undefined) => Promise<unknown>,
): Promise<void> {
  const cancelled = isCancellation(error);
  const reason = cancelled ? undefined : String((rootFailure(error) as Error).message);
  await CancellationScope.nonCancellable(() => report(cancelled ? 'cancelled' : 'failed', reason));
}
