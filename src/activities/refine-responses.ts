import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { type Gate, isRefined } from '../method/gates.ts';
import { PROMPT_FAMILIES } from '../method/prompts/index.ts';
import { seedFor } from '../method/random.ts';
import { type Attempt, rowKey } from '../method/rows.ts';
import { refinePrompt } from '../method/sft.ts';
import { generations } from './generations.ts';
import { gradeResponses } from './oracle.ts';
import { runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface RefineTask extends ShardTask {
  /** Responses with critiques. */
  attempts: ArtifactRef;
  gate: Gate;
  /** Refinements per critique. */
  refinements: number;
  temperature: number;
  oracle: OracleConfig;
}

/** Has the actor write new solutions with the critique at hand, and grades them. */
export async function refineResponses(
  deps: { store: Store; engine: Engine; grader: Grader },
  task: RefineTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: items(deps, task),
    itemOf: ({ refinement: _, ...attempt }) => rowKey(attempt),
    added: (row) => row.refinement!,
  });
}

async function* items({ store, grader }: { store: Store; grader: Grader }, task: RefineTask): AsyncIterable<ShardItem> {
  const { promptFamily, maxTokens } = task.model.config;
  const { stop } = PROMPT_FAMILIES[promptFamily];
  for await (const attempt of readRows<Attempt>(store, task.attempts)) {
    if (!isRefined(attempt, task.gate)) continue;
    const key = rowKey(attempt);
    yield {
      key,
      generate: async ({ client, model, signal }) => {
        const seed = seedFor(task.seed, task.stage, key);
        const result = await client.generate(
          {
            model,
            prompt: refinePrompt(promptFamily, attempt.question, attempt.response.text, attempt.critique!.text),
            n: task.refinements,
            seed,
            temperature: task.temperature,
            maxTokens,
            stop,
          },
          signal,
        );
        const responses = generations(result, model, seed);
        const { question } = attempt;
        const grades = await gradeResponses(grader, { question, responses, oracle: task.oracle }, signal);
        return responses.map((generation, index) => ({
          ...attempt,
          refinement: { ...generation, grade: grades[index]!, index },
        }));
      },
    };
  }
}
