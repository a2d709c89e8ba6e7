import { deviceOf, type Gpus } from './device.ts';
import { kvBytesPerToken, type ModelShape } from './shape.ts';

/** What of vLLM's arguments decides its memory. */
export interface EngineArguments {
  tensorParallel: number;
  utilization: number;
  /** null: the model's own context. */
  maxModelLen: number | null;
  /** null: vLLM's own rule. */
  maxNumSeqs: number | null;
}

/** vLLM 0.23: config/cache.py. */
export const DEFAULT_UTILIZATION = 0.92;

/** In GiB, on each GPU. */
export interface ServingMemory {
  /** What vLLM may take: --gpu-memory-utilization of the GPU. */
  budget: number;
  weights: number;
  /** CUDA, graphs and activations. */
  other: number;
  kvCache: number;
  /** Tokens that the KV cache holds. */
  tokens: number;
  /** Tokens of the longest sequence that vLLM promises; it refuses to start where these have no room. */
  longest: number;
  fits: boolean;
}

const GIB = 2 ** 30;
/** CUDA's context, NCCL, CUDA graphs and the activations of one batch: an allowance. */
const OTHER_GIB = 2;
/** Logits of each sequence in float32, and two copies while sampling. */
const LOGITS_COPIES = 3;

/** The rule of vLLM 0.23 for its server: engine/arg_utils.py. */
export const defaultSequences = (gpus: Gpus): number =>
  gpus.memory >= 70 && deviceOf(gpus).name !== 'A100' ? 1024 : 256;

/** As vLLM's worker counts it (v1/worker/gpu_worker.py): of its budget, the KV cache has what weights and activations leave. */
export function servingMemory(shape: ModelShape, gpus: Gpus, engine: EngineArguments): ServingMemory {
  const { tensorParallel, utilization, maxModelLen } = engine;
  const sequences = engine.maxNumSeqs ?? defaultSequences(gpus);
  const budget = utilization * gpus.memory;
  const weights = shape.weightBytes / tensorParallel / GIB;
  const other = OTHER_GIB + (LOGITS_COPIES * 4 * sequences * shape.vocabulary) / GIB;
  const kvCache = Math.max(0, budget - weights - other);
  const shared = Math.min(tensorParallel, shape.kvHeads);
  const tokens = Math.floor((kvCache * GIB * shared) / kvBytesPerToken(shape));
  const longest = maxModelLen ?? shape.context;
  return { budget, weights, other, kvCache, tokens, longest, fits: tokens >= longest };
}

/** What to change so that it fits, as vLLM's arguments, and null where these GPUs can't. */
export function servingRemedy(
  shape: ModelShape,
  gpus: Gpus,
  engine: EngineArguments,
  leastLength: number,
): string | null {
  const { tokens } = servingMemory(shape, gpus, engine);
  if (tokens >= leastLength) return `--max-model-len ${Math.floor(Math.min(tokens, shape.context) / 256) * 256}`;
  for (let n = 2 * engine.tensorParallel; n <= gpus.count && shape.heads % n === 0; n *= 2)
    if (servingMemory(shape, gpus, { ...engine, tensorParallel: n }).fits) return `--tensor-parallel-size ${n}`;
  return null;
}
