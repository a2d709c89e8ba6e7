import type { GenerationResult } from '../backends/inference/client.ts';
import type { Generation } from '../method/rows.ts';

/** The texts of one request as rows keep them, each with its share of the request's tokens (they add up exactly). */
export function generations(result: GenerationResult, model: string, seed: number): Generation[] {
  const n = result.texts.length;
  const share = (total: number, i: number) => Math.floor(((i + 1) * total) / n) - Math.floor((i * total) / n);
  return result.texts.map((text, i) => ({
    ...text,
    model,
    seed,
    promptTokens: share(result.promptTokens, i),
    completionTokens: share(result.completionTokens, i),
  }));
}
