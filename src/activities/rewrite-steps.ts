import type { Grader } from '../backends/grading/grader.ts';
import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { OracleConfig } from '../config/oracle.ts';
import { begin } from '../method/prompts/index.ts';
import { type Attempt, rowKey } from '../method/rows.ts';
import { isFlawed, judge, rightPart } from '../method/self-talk/judged.ts';
import { refinePrompt } from '../method/sft.ts';
import { generate } from './generations.ts';
import { gradeResponses } from './oracle.ts';
import { isRightAttempt, runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface RewriteTask extends ShardTask {
  /** Responses with critiques. */
  attempts: ArtifactRef;
  temperature: number;
  oracle: OracleConfig;
}

/**
 * Has the actor write flawed solutions again from their first wrong step on, with the critique at hand, and grades them. What comes
 * before stays as it is.
 */
export async function rewriteSteps(
  deps: { store: Store; engine: Engine; grader: Grader },
  task: RewriteTask,
): Promise<ShardResult> {
  return await runShard(deps, task, {
    items: () => items(deps, task),
    itemOf: ({ refinement: _, ...attempt }) => rowKey(attempt),
    added: (row) => row.refinement!,
    isRight: isRightAttempt,
    read: (row) => row.refinement!.grade.outcome,
  });
}

async function* items(
  { store, grader }: { store: Store; grader: Grader },
  task: RewriteTask,
): AsyncIterable<ShardItem> {
  const { promptFamily } = task.model.config;
  for await (const attempt of readRows<Attempt>(store, task.attempts)) {
    const { question, response } = attempt;
    const critique = attempt.critique!;
    if (!isFlawed(critique)) continue;
    const key = rowKey(attempt);
    yield {
      key,
      generate: async (ask) => {
        const begun = rightPart(judge(response.text, critique.text));
        const prompt = begin(refinePrompt(promptFamily, question, response.text, critique.text), begun);
        const [written] = await generate(ask, task, key, { prompt, n: 1, temperature: task.temperature });
        const isAnswered = written!.finishReason === 'stop' || written!.finishReason === 'length';
        const rewritten = isAnswered ? { ...written!, text: `${begun}${written!.text}` } : written!;
        const { oracle } = task;
        const [grade] = await gradeResponses(grader, { question, responses: [rewritten], oracle }, ask.signal);
        return [{ ...attempt, refinement: { ...rewritten, grade: grade!, index: 0 } }];
      },
    };
  }
}
