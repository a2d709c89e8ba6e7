import { Context } from '@temporalio/activity';
import { hashStored } from '../backends/models.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { SelfTalkConfig } from '../config/self-talk.ts';
import { Contamination, TestQuestions } from '../method/contamination.ts';
import { DatasetLoader } from './dataset-loader.ts';
import { withHeartbeat } from './heartbeat.ts';
import { overlapWarning } from './load-datasets.ts';

export interface LoadedSelfTalk {
  questions: ArtifactRef;
  /** SHA-256 of the weights; null where an endpoint serves the model. */
  models: { actor: string | null; critic: string | null };
  warnings: string[];
}

/** Brings the questions into the store, and warns of those that the result is to be tested on. */
export async function loadSelfTalk(
  deps: { store: Store },
  { run, config }: { run: string; config: SelfTalkConfig },
): Promise<LoadedSelfTalk> {
  const loader = await DatasetLoader.open(deps.store, run);
  const { cancellationSignal } = Context.current();
  return await withHeartbeat(
    () => loader.progress,
    async () => {
      const { actor, critic, evaluation } = config;
      const tests = new TestQuestions();
      if (evaluation) await loader.questions('test', evaluation.questions, (question) => tests.add(question));
      const contamination = new Contamination(tests);
      const questions = await loader.questions('questions', config.questions, (question) =>
        contamination.add(question),
      );
      loader.warnings.push(...overlapWarning('questions', tests.count, contamination.summary()));
      const hash = async (model: { model: string; endpoint?: unknown }) =>
        model.endpoint ? null : await hashStored(deps.store, model.model, cancellationSignal);
      return {
        questions,
        models: { actor: await hash(actor), critic: await hash(critic) },
        warnings: loader.warnings,
      };
    },
  );
}
