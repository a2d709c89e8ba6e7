import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { parseCritique } from '../method/critique.ts';
import { type Gate, isCritiqued } from '../method/gates.ts';
import { type Attempt, nextRound, rowKey } from '../method/rows.ts';
import { critiquePrompt } from '../method/sft.ts';
import { generate } from './generations.ts';
import { isRightAttempt, runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface CritiqueTask extends ShardTask {
  /** Graded responses. */
  attempts: ArtifactRef;
  gates: Gate[];
  /** L: critiques per response. */
  critiques: number;
  /** Only the first so many samples of each question; all by default. */
  samples?: number;
  /** Judge the refinements instead: the next round of a chain. */
  next?: boolean;
}

/** Has the critic judge responses step by step: all of a shard that any of the gates lets be critiqued. */
export async function generateCritiques(
  deps: { store: Store; engine: Engine },
  task: CritiqueTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: () => items(deps.store, task),
    itemOf: ({ critique: _, ...attempt }) => rowKey(attempt),
    added: (row) => row.critique!,
    isRight: isRightAttempt,
    read: (row) => row.critique!.verdict,
  });
}

async function* items(store: Store, task: CritiqueTask): AsyncIterable<ShardItem> {
  const { promptFamily, temperature } = task.model.config;
  for await (const row of readRows<Attempt>(store, task.attempts)) {
    if (row.sample >= (task.samples ?? Number.POSITIVE_INFINITY)) continue;
    const attempt = task.next ? nextRound(row) : row;
    if (!attempt || !isCritiqued(attempt, task.gates)) continue;
    const key = rowKey(attempt);
    yield {
      key,
      generate: async (ask) => {
        const prompt = critiquePrompt(promptFamily, attempt.question, attempt.response.text);
        const generations = await generate(ask, task, key, { prompt, n: task.critiques, temperature });
        return generations.map((generation, index) => {
          const { verdict, firstWrongStep } = parseCritique(generation.text);
          return { ...attempt, critique: { ...generation, verdict, firstWrongStep, index } };
        });
      },
    };
  }
}
