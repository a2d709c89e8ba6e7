import { Failure } from '../backends/failures.ts';
import type { GenerationResult } from '../backends/inference/client.ts';
import type { ModelClient } from '../backends/inference/engine.ts';
import { inSpan } from '../backends/spans.ts';
import { PROMPT_FAMILIES, type Prompt } from '../method/prompts/index.ts';
import { seedFor } from '../method/random.ts';
import type { Generation } from '../method/rows.ts';
import type { Allowance } from './allowance.ts';
import type { ShardTask } from './shard.ts';

/** A model that is being served, and when to give up on it. */
export interface Ask {
  client: ModelClient;
  model: string;
  signal: AbortSignal;
  /** What the shard may spend; null: whatever it takes. */
  allowance: Allowance | null;
}

/**
 * One item's request, as every stage makes it: its seed comes from the item and the stage. The texts come as rows keep them, each with its
 * share of the request's tokens (they add up exactly).
 */
export async function generate(
  { client, model, signal, allowance }: Ask,
  task: ShardTask,
  item: string,
  request: { prompt: Prompt; n: number; temperature: number },
): Promise<Generation[]> {
  const { promptFamily, maxTokens } = task.model.config;
  const seed = seedFor(task.seed, task.stage, item);
  const { stop } = PROMPT_FAMILIES[promptFamily];
  const attributes = { 'critique_loop.item': item, 'critique_loop.samples': request.n, 'gen_ai.request.model': model };
  const ask = () =>
    inSpan('generate', { attributes }, async (span) => {
      const result = await client.generate({ model, ...request, seed, maxTokens, stop }, signal);
      span.setAttributes({
        'gen_ai.usage.input_tokens': result.promptTokens,
        'gen_ai.usage.output_tokens': result.completionTokens,
      });
      return result;
    });
  const { texts, promptTokens, completionTokens } = allowance
    ? await allowance.within({ ...request, maxTokens }, async () => withUsage(await ask()))
    : await ask();
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

/** What nobody counts can't be limited. */
function withUsage(result: GenerationResult): GenerationResult {
  const answered = result.texts.some(({ refusal }) => refusal === undefined);
  if (answered && result.promptTokens === 0)
    throw new Failure(
      'BadRequest',
      'a cost limit is set, and the engine does not say how many tokens it used ("usage")',
    );
  return result;
}
