import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { annotatorPrompt, informationOf } from '../method/critiques/annotator-prompt.ts';
import type { AnnotationChecks } from '../method/critiques/check-annotation.ts';
import type { PathRow } from '../method/critiques/choose-paths.ts';
import type { AnnotatedRow } from '../method/critiques/dataset-row.ts';
import { type InformationLevel, rowKey } from '../method/rows.ts';
import { annotated } from './annotated.ts';
import { generate } from './generations.ts';
import { impatient, patienceEnds } from './impatient.ts';
import { isRightAttempt, runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface AnnotateTask extends ShardTask {
  /** Chosen to be annotated. */
  paths: ArtifactRef;
  /** L: critiques per path. */
  critiques: number;
  /** The most that the annotator is told. */
  information: InformationLevel;
  /** Of the kinds of mistakes, by their names. */
  descriptions: Record<string, string>;
  checks: AnnotationChecks;
  /** After so long an annotator that does not answer is not asked any more. */
  patienceMinutes: number;
}

/** Has a strong model write the critiques that a critic will be trained on, and looks for what speaks against each. */
export async function annotatePaths(deps: { store: Store; engine: Engine }, task: AnnotateTask): Promise<ShardResult> {
  const until = patienceEnds(task.patienceMinutes);
  return await runShard<AnnotatedRow>({ store: deps.store, engine: impatient(deps.engine, until) }, task, {
    items: () => items(deps.store, task),
    itemOf: ({ critique: _, ...path }) => rowKey(path),
    added: (row) => row.critique,
    isRight: isRightAttempt,
    read: (row) => row.critique.verdict,
  });
}

async function* items(store: Store, task: AnnotateTask): AsyncIterable<ShardItem<AnnotatedRow>> {
  const { temperature } = task.model.config;
  for await (const row of readRows<PathRow>(store, task.paths)) {
    const { question, response, path } = row;
    const key = rowKey(row);
    yield {
      key,
      generate: async (ask) => {
        const information = informationOf(path, task.information);
        const mistake = path.mistake === null ? null : task.descriptions[path.mistake]!;
        const prompt = annotatorPrompt({ question, response: response.text, information, path, mistake });
        const generations = await generate(ask, task, key, { prompt, n: task.critiques, temperature });
        return generations.map((generation, index) =>
          annotated(row, generation, { index, information, checks: task.checks }),
        );
      },
    };
  }
}
