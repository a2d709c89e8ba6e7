import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gpus } from '../../../src/method/gpu/device.ts';
import type { EngineArguments } from '../../../src/method/gpu/serving.ts';
import { readShape } from '../../../src/method/gpu/shape.ts';

/** The config.json of Llama-3-8B, by its published numbers. */
export const llama8b: Record<string, unknown> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/llama-3-8b/config.json'), 'utf8'),
);
export const shape8b = readShape(llama8b, null);
/** Llama-3-70B, by its published numbers. */
export const shape70b = readShape(
  { ...llama8b, hidden_size: 8192, num_hidden_layers: 80, num_attention_heads: 64, intermediate_size: 28_672 },
  null,
);

export const gpus = (count: number, memory: number, name: string | null = null): Gpus => ({ count, memory, name });

export const engine = (given: Partial<EngineArguments> = {}): EngineArguments => ({
  tensorParallel: 1,
  utilization: 0.92,
  maxModelLen: null,
  maxNumSeqs: null,
  ...given,
});
