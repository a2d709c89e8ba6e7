import type { InferenceClient } from '../backends/inference/client.ts';
import { PROMPT_FAMILIES, type Prompt } from '../method/prompts/index.ts';
import { seedFor } from '../method/random.ts';
import type { Generation } from '../method/rows.ts';
import type { ShardTask } from './shard.ts';

/** A model that is being served, and when to give up on it. */
export interface Ask {
  client: InferenceClient;
  model: string;
  signal: AbortSignal;
}

/**
 * One item's request, as every stage makes it: its seed comes from the item and the stage. The texts come as rows keep them, each with its
 * share of the request's tokens (they add up exactly).
 */
export async function generate(
  { client, model, signal }: Ask,
  task: ShardTask,
  item: string,
  request: { prompt: Prompt; n: number; temperature: number },
): Promise<Generation[]> {
  const { promptFamily, maxTokens } = task.model.config;
  const seed = seedFor(task.seed, task.stage, item);
  const { stop } = PROMPT_FAMILIES[promptFamily];
  const { texts, promptTokens, completionTokens } = await client.generate(
    { model, ...request, seed, maxTokens, stop },
    signal,
  );
  const share = (total: number, i: number) =>
    Math.floor(((i + 1) * total) / texts.length) - Math.floor((i * total) / texts.length);
  return texts.map((text, i) => ({
    ...text,
    model,
    seed,
    promptTokens: share(promptTokens, i),
    completionTokens: share(completionTokens, i),
  }));
}
