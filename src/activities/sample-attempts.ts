import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { Attempt } from '../method/rows.ts';

/** Of so many times what is wanted, the first rows are looked at. */
const LOOKED_AT = 10;

/**
 * The first attempts, one level after the other: a sample, not a selection of good ones. Of a question the last row that the artifacts
 * have counts, so that those of later stages, with critiques or refinements, come last.
 */
export async function sampleAttempts(
  store: Store,
  artifacts: readonly ArtifactRef[],
  wanted: number,
): Promise<Attempt[]> {
  const byQuestion = new Map<string, Attempt>();
  for (const artifact of artifacts)
    for await (const row of readRows<Attempt>(store, artifact)) {
      // Rows are in the order of their questions: there is nothing more of those that are looked at.
      if (byQuestion.size === LOOKED_AT * wanted && !byQuestion.has(row.question.id)) break;
      if (row.sample === 0) byQuestion.set(row.question.id, row);
    }
  const byLevel = new Map<number, Attempt[]>();
  for (const attempt of byQuestion.values()) {
    const level = attempt.question.level ?? 0;
    byLevel.set(level, [...(byLevel.get(level) ?? []), attempt]);
  }
  const ranked = [...byLevel.values()].flatMap((attempts) => attempts.map((attempt, rank) => ({ attempt, rank })));
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, wanted)
    .map(({ attempt }) => attempt);
}
