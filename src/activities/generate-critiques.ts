import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { parseCritique } from '../method/critique.ts';
import { type Gate, isCritiqued } from '../method/gates.ts';
import { type Attempt, rowKey } from '../method/rows.ts';
import { critiquePrompt } from '../method/sft.ts';
import { generate } from './generations.ts';
import { runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface CritiqueTask extends ShardTask {
  /** Graded responses. */
  attempts: ArtifactRef;
  gate: Gate;
  /** L: critiques per response. */
  critiques: number;
}

/** Has the critic judge responses step by step: all of a shard, or only those that the oracle calls wrong. */
export async function generateCritiques(
  deps: { store: Store; engine: Engine },
  task: CritiqueTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: items(deps.store, task),
    itemOf: ({ critique: _, ...attempt }) => rowKey(attempt),
    added: (row) => row.critique!,
  });
}

async function* items(store: Store, task: CritiqueTask): AsyncIterable<ShardItem> {
  const { promptFamily, temperature } = task.model.config;
  for await (const attempt of readRows<Attempt>(store, task.attempts)) {
    if (!isCritiqued(attempt, task.gate)) continue;
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
