import { annotate } from '../backends/datasets/arithmetic/index.ts';
import { type ArtifactRef, readRows, writeRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { AnnotationChecks } from '../method/critiques/check-annotation.ts';
import type { PathRow } from '../method/critiques/choose-paths.ts';
import type { AnnotatedRow } from '../method/critiques/dataset-row.ts';
import { annotated } from './annotated.ts';
import { withHeartbeat } from './heartbeat.ts';
import { isRightAttempt, type ShardResult } from './shard.ts';

export interface ExactTask {
  run: string;
  stage: string;
  shard: number;
  /** Chosen to be annotated. */
  paths: ArtifactRef;
  checks: AnnotationChecks;
}

/** The same as `annotatePaths` in the arithmetic world, without a model: every step is computed again from the question. */
export async function annotateExactly({ store }: { store: Store }, task: ExactTask): Promise<ShardResult> {
  const key = `${task.run}/${task.stage}/shard-${String(task.shard).padStart(3, '0')}.jsonl`;
  let rows = 0;
  let correct = 0;
  async function* critiques(): AsyncIterable<AnnotatedRow> {
    for await (const row of readRows<PathRow>(store, task.paths)) {
      rows++;
      if (isRightAttempt(row)) correct++;
      const text = annotate(row.question, row.response.text);
      const generation = {
        text,
        finishReason: 'stop',
        model: 'exact',
        seed: 0,
        promptTokens: 0,
        completionTokens: 0,
      } as const;
      yield annotated(row, generation, { index: 0, information: 'reference', checks: task.checks });
    }
  }
  return await withHeartbeat(
    () => ({ rows }),
    async () => {
      const artifact = await writeRows(store, key, critiques());
      const tokens = { prompt: 0, completion: 0 };
      return { artifact, correct, tokens, resumed: 0, partial: false, exhausted: false };
    },
  );
}
