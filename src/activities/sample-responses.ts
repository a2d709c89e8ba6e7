import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { questionPrompt } from '../method/prompts/index.ts';
import type { Question } from '../method/rows.ts';
import { generate } from './generations.ts';
import { gradeResponses } from './oracle.ts';
import { isRightAttempt, runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

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
    items: () => items(deps, task),
    itemOf: (row) => row.question.id,
    added: (row) => row.response,
    isRight: isRightAttempt,
    read: (row) => row.grade.outcome,
  });
}

async function* items({ store, grader }: { store: Store; grader: Grader }, task: SampleTask): AsyncIterable<ShardItem> {
  const { config } = task.model;
  const style = 'style' in config ? config.style : 'solution';
  let index = 0;
  for await (const question of readRows<Question>(store, task.questions)) {
    const inShard = index >= task.from && index < task.to;
    index++;
    if (!inShard) continue;
    yield {
      key: question.id,
      generate: async (ask) => {
        const { samples: n, temperature } = task;
        const prompt = questionPrompt(config.promptFamily, style, question);
        const responses = await generate(ask, task, question.id, { prompt, n, temperature });
        const grades = await gradeResponses(grader, { question, responses, oracle: task.oracle }, ask.signal);
        return responses.map((response, sample) => ({ question, sample, response, grade: grades[sample]! }));
      },
    };
  }
}
