import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { PROMPT_FAMILIES } from '../method/prompts/index.ts';
import { seedFor } from '../method/random.ts';
import type { Question } from '../method/rows.ts';
import { generations } from './generations.ts';
import { gradeResponses } from './oracle.ts';
import { runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface SampleTask extends ShardTask {
  questions: ArtifactRef;
  /** The questions of this shard: from (inclusive) and to (exclusive). */
  from: number;
  to: number;
  /** N: responses per question. */
  samples: number;
  temperature: number;
  oracle: OracleConfig;
}

/** Samples responses to a range of questions and grades each as it arrives. */
export async function sampleResponses(
  deps: { store: Store; engine: Engine; grader: Grader },
  task: SampleTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: items(deps, task),
    itemOf: (row) => row.question.id,
    added: (row) => row.response,
  });
}

async function* items({ store, grader }: { store: Store; grader: Grader }, task: SampleTask): AsyncIterable<ShardItem> {
  const { promptFamily, maxTokens } = task.model.config;
  const family = PROMPT_FAMILIES[promptFamily];
  let index = 0;
  for await (const question of readRows<Question>(store, task.questions)) {
    const inShard = index >= task.from && index < task.to;
    index++;
    if (!inShard) continue;
    yield {
      key: question.id,
      generate: async ({ client, model, signal }) => {
        const seed = seedFor(task.seed, task.stage, question.id);
        const result = await client.generate(
          {
            model,
            prompt: family.solve(question),
            n: task.samples,
            seed,
            temperature: task.temperature,
            maxTokens,
            stop: family.stop,
          },
          signal,
        );
        const responses = generations(result, model, seed);
        const grades = await gradeResponses(grader, { question, responses, oracle: task.oracle }, signal);
        return responses.map((response, sample) => ({ question, sample, response, grade: grades[sample]! }));
      },
    };
  }
}
