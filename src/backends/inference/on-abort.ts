type Work = (reason: Error) => void;

const waiting = new WeakMap<AbortSignal, { works: Set<Work>; listener: () => void }>();

/**
 * Calls `work` when the signal is aborted, until the returned function is called. A signal gets one listener for all of them: with each
 * that it is given it looks through those that it has, which for hundreds of requests in flight is a good part of what a row costs.
 */
export function onAbort(signal: AbortSignal, work: Work): () => void {
  const { works, listener } = waiting.get(signal) ?? listen(signal);
  works.add(work);
  return () => {
    works.delete(work);
    // A signal made of others stays in memory as long as somebody listens.
    if (works.size > 0) return;
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal): { works: Set<Work>; listener: () => void } {
  const works = new Set<Work>();
  // Not of a copy: one may have another forgotten.
  const listener = () => {
    for (const work of works) work(signal.reason);
  };
  const all = { works, listener };
  signal.addEventListener('abort', listener, { once: true });
  waiting.set(signal, all);
  return all;
}
