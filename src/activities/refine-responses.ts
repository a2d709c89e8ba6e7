import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { type Gate, isRefined } from '../method/gates.ts';
import { type Attempt, rowKey } from '../method/rows.ts';
import { refinePrompt } from '../method/sft.ts';
import { generate } from './generations.ts';
import { gradeResponses } from './oracle.ts';
import { isRightAttempt, runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface RefineTask extends ShardTask {
  /** Responses with critiques. */
  attempts: ArtifactRef;
  gates: Gate[];
  /** Refinements per critique. */
  refinements: number;
  /** Only the first so many samples of each question; all by default. */
  samples?: number;
  temperature: number;
  oracle: OracleConfig;
}

/** Has the actor write new solutions with the critique at hand, and grades them. */
export async function refineResponses(
  deps: { store: Store; engine: Engine; grader: Grader },
  task: RefineTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: () => items(deps, task),
    itemOf: ({ refinement: _, ...attempt }) => rowKey(attempt),
    added: (row) => row.refinement!,
    isRight: isRightAttempt,
    read: (row) => row.refinement!.grade.outcome,
  });
}

async function* items({ store, grader }: { store: Store; grader: Grader }, task: RefineTask): AsyncIterable<ShardItem> {
  const { promptFamily } = task.model.config;
  for await (const attempt of readRows<Attempt>(store, task.attempts)) {
    if (attempt.sample >= (task.samples ?? Number.POSITIVE_INFINITY)) continue;
    if (!isRefined(attempt, task.gates)) continue;
    const key = rowKey(attempt);
    yield {
      key,
      generate: async (ask) => {
        const prompt = refinePrompt(promptFamily, attempt.question, attempt.response.text, attempt.critique!.text);
        const { refinements: n, temperature } = task;
        const responses = await generate(ask, task, key, { prompt, n, temperature });
        const { question } = attempt;
        const grades = await gradeResponses(grader, { question, responses, oracle: task.oracle }, ask.signal);
        return responses.map((generation, index) => ({
          ...attempt,
          refinement: { ...generation, grade: grades[index]!, index },
        }));
      },
    };
  }
}
