const waiting = new WeakMap<AbortSignal, Set<(reason: Error) => void>>();

/**
 * Calls `work` when the signal is aborted, until the returned function is called. A signal gets one listener for all of them: with each
 * that it is given it looks through those that it has, which for hundreds of requests in flight is a good part of what a row costs.
 */
export function onAbort(signal: AbortSignal, work: (reason: Error) => void): () => void {
  let works = waiting.get(signal);
  if (!works) {
    const all = new Set<(reason: Error) => void>();
    signal.addEventListener(
      'abort',
      // Not of a copy: one may have another forgotten.
      () => {
        for (const each of all) each(signal.reason);
      },
      { once: true },
    );
    waiting.set(signal, all);
    works = all;
  }
  works.add(work);
  return () => works.delete(work);
}
