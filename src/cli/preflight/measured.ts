import { readJson } from '../../backends/storage/json.ts';
import type { Store } from '../../backends/storage/store.ts';
import type { RunReport } from '../../report/data.ts';

export interface Measured {
  run: string;
  tokensPerSecond: number;
}

const GENERATION = ['sample', 'critique', 'refine'];
/** A rate of less says little. */
const LEAST_SECONDS = 30;

/** Completion tokens a second of the latest run with the same models in the store; null where there is none. */
export async function measuredBefore(store: Store, actor: string, critic: string | null): Promise<Measured | null> {
  const runs = await store.folders('runs').catch(() => []);
  const reports = await Promise.all(runs.map((run) => readJson<Partial<RunReport>>(store, `runs/${run}/report.json`)));
  const same = reports.flatMap((report) => {
    if (report?.actor !== actor || report.critic !== critic) return [];
    const measured = rateOf(report as RunReport);
    return measured ? [{ ...measured, at: report.updatedAt! }] : [];
  });
  const latest = same.sort((a, b) => (a.at < b.at ? 1 : -1))[0];
  return latest ? { run: latest.run, tokensPerSecond: latest.tokensPerSecond } : null;
}

function rateOf({ run, iterations }: RunReport): Measured | null {
  let [tokens, seconds] = [0, 0];
  for (const use of iterations.flatMap(({ stages }) => stages)) {
    if (!GENERATION.includes(use.stage)) continue;
    tokens += use.completionTokens;
    seconds += use.seconds;
  }
  return seconds >= LEAST_SECONDS && tokens > 0 ? { run, tokensPerSecond: tokens / seconds } : null;
}
