import { Context } from '@temporalio/activity';
import { solutionSteps } from '../backends/datasets/arithmetic/index.ts';
import { Failure } from '../backends/failures.ts';
import { hashStored } from '../backends/models.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { BuildCritiquesConfig } from '../config/build-critiques.ts';
import type { Question } from '../method/rows.ts';
import { modelsOf } from './check-build-critiques.ts';
import { DatasetLoader } from './dataset-loader.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface LoadedQuestions {
  questions: ArtifactRef;
  /** SHA-256 of the weights, by the field that names the model; null where an endpoint serves it. */
  models: Record<string, string | null>;
  warnings: string[];
}

/** Brings the questions into the store, and says which weights they are put to. */
export async function loadCritiqueQuestions(
  deps: { store: Store },
  { run, config }: { run: string; config: BuildCritiquesConfig },
): Promise<LoadedQuestions> {
  const loader = await DatasetLoader.open(deps.store, run);
  const { cancellationSignal } = Context.current();
  const exact = config.annotator.source === 'exact' || config.flaws.rg3?.writer.source === 'exact';
  return await withHeartbeat(
    () => loader.progress,
    async () => {
      const questions = await loader.questions('questions', config.questions, exact ? expectEquations : undefined);
      const models: LoadedQuestions['models'] = {};
      for (const [field, { model, endpoint }] of Object.entries(modelsOf(config)))
        models[field] = endpoint ? null : await hashStored(deps.store, model, cancellationSignal);
      return { questions, models, warnings: loader.warnings };
    },
  );
}

/** @throws Failure InvalidInput for a question that "exact" knows nothing about */
function expectEquations(question: Question): void {
  if (solutionSteps(question).length > 0) return;
  throw new Failure(
    'InvalidInput',
    `question ${question.id} has no solution with an equation a line, as "exact" needs it: take a "model" for annotator and writer`,
  );
}
