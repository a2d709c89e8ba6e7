import type { Removal } from '../method/critiques/removals.ts';
import type { Attempt, PathStrategy } from '../method/rows.ts';
import type { CritiquesReport } from '../report/critiques/data.ts';

/** Of each strategy, and in all. */
const KEPT_OF_EACH = 2;
const MOST_REMOVED = 6;

/** A few rows for people to read: the first that are kept of each strategy, and the first that are removed for each reason. */
export class Examples {
  readonly #kept = new Map<PathStrategy, Attempt[]>();
  readonly #removed = new Map<string, CritiquesReport['examples']['removed'][number]>();

  keep(attempt: Attempt): void {
    const { strategy } = attempt.path!;
    const kept = this.#kept.get(strategy) ?? [];
    if (kept.length < KEPT_OF_EACH) this.#kept.set(strategy, [...kept, attempt]);
  }

  remove({ stage, reason }: Removal, attempt: Attempt): void {
    const key = `${stage}/${reason}`;
    if (!this.#removed.has(key)) this.#removed.set(key, { stage, reason, attempt } as Removal & { attempt: Attempt });
  }

  shown(): CritiquesReport['examples'] {
    // Critiques before paths: there is more to learn from them.
    const removed = [...this.#removed.values()].sort((a, b) => ORDER[a.stage] - ORDER[b.stage]);
    return { kept: [...this.#kept.values()].flat(), removed: removed.slice(0, MOST_REMOVED) };
  }
}

const ORDER: Record<Removal['stage'], number> = { annotation: 0, filter: 1, path: 2 };
