import type { Engine } from '../backends/inference/engine.ts';
import { type ArtifactRef, readRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { mistakePrompt } from '../method/critiques/mistake-prompt.ts';
import type { PathPlan } from '../method/critiques/plan-paths.ts';
import { generate } from './generations.ts';
import { impatient, patienceEnds } from './impatient.ts';
import { runShard, type ShardItem, type ShardResult, type ShardTask } from './shard.ts';

export interface MistakeTask extends ShardTask {
  plans: ArtifactRef;
  /** Of the kinds of mistakes, by their names. */
  descriptions: Record<string, string>;
  /** After so long a writer that does not answer is not asked any more. */
  patienceMinutes: number;
}

/** Has a model write the flawed step of each plan. */
export async function writeMistakes(deps: { store: Store; engine: Engine }, task: MistakeTask): Promise<ShardResult> {
  const until = patienceEnds(task.patienceMinutes);
  return await runShard<PathPlan>({ store: deps.store, engine: impatient(deps.engine, until) }, task, {
    items: () => items(deps.store, task),
    itemOf: planKey,
    added: ({ written }) => written!,
    isRight: () => false,
  });
}

const planKey = ({ question, sample }: PathPlan): string => `${question.id}/${sample}`;

async function* items(store: Store, task: MistakeTask): AsyncIterable<ShardItem<PathPlan>> {
  const { temperature } = task.model.config;
  for await (const plan of readRows<PathPlan>(store, task.plans)) {
    const key = planKey(plan);
    yield {
      key,
      generate: async (ask) => {
        const prompt = mistakePrompt(plan, task.descriptions[plan.mistake!]!);
        const [written] = await generate(ask, task, key, { prompt, n: 1, temperature });
        return [{ ...plan, written: written!, mistakeModel: written!.model }];
      },
    };
  }
}
