import { Context } from '@temporalio/activity';

/** How often work that goes on says so. */
const EVERY_MS = 1_000;

/** Runs `work` and reports what `details` says every second until it ends. A heartbeat is also how a cancellation arrives. */
export async function withHeartbeat<T>(details: () => unknown, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  context.heartbeat(details());
  const timer = setInterval(() => context.heartbeat(details()), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
