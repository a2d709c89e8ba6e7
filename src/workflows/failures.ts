import { ApplicationFailure, isCancellation } from '@temporalio/workflow';

/** The failure that an activity began with, without the wrappings of the activities and children above it: what users read first. */
export function rootFailure(error: unknown): unknown {
  if (isCancellation(error)) return error;
  let root: unknown = error;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ApplicationFailure) root = cause;
  }
  return root;
}
