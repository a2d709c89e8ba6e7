import { Context } from '@temporalio/activity';
import { hashStored } from '../backends/models.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { EvaluateConfig } from '../config/evaluate.ts';
import { DatasetLoader } from './dataset-loader.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface LoadedEvaluation {
  questions: ArtifactRef;
  /** SHA-256 of the weights; null where an endpoint serves the model. */
  models: { actor: string | null; critic: string | null };
  warnings: string[];
}

/** Brings the questions into the store, so that every later step reads the same bytes, and says which weights they are put to. */
export async function loadEvaluation(
  deps: { store: Store },
  { run, config }: { run: string; config: EvaluateConfig },
): Promise<LoadedEvaluation> {
  const loader = await DatasetLoader.open(deps.store, run);
  const { cancellationSignal } = Context.current();
  return await withHeartbeat(
    () => loader.progress,
    async () => {
      const questions = await loader.questions('questions', config.questions);
      const hash = async (model: { model: string; endpoint?: unknown } | null) =>
        model && !model.endpoint ? await hashStored(deps.store, model.model, cancellationSignal) : null;
      const models = { actor: await hash(config.actor), critic: await hash(config.critic) };
      return { questions, models, warnings: loader.warnings };
    },
  );
}
