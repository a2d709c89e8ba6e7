export type Log = (line: string) => void;

/** `45 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const rest = String(seconds % 60).padStart(2, '0');
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${rest} s`;
}

/** Says every five seconds, while the work lasts, what it is doing and for how long. */
export async function withProgress<T>(log: Log, doing: () => string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const timer = setInterval(() => log(`${doing()} (${duration(Date.now() - started)})`), 5000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
