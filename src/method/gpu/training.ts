import type { ModelShape } from './shape.ts';

/** How a model is fine-tuned, as far as memory goes. */
export interface TrainingPlan {
  /** Rank of the adapter on all linear layers; null: all weights are trained. */
  lora: number | null;
  /** How weights, gradients and the optimizer's state are held: each GPU has all of them, or its share (ZeRO-2). */
  sharding: 'none' | 'zero-2';
  /** Of all weights, frozen or trained: float32 with a bfloat16 copy while it computes, or bfloat16. */
  weights: 'float32' | 'bfloat16';
  processes: number;
  /** Rows of one forward pass on one GPU. */
  batchSize: number;
  /** Tokens of its longest row. */
  maxLength: number;
}

/** In GiB, on each GPU. */
export interface TrainingMemory {
  weights: number;
  /** Gradients, AdamW's two moments and float32 weights. */
  optimizer: number;
  /** Of a batch of the longest rows, with gradient checkpointing. */
  activations: number;
  /** CUDA's context, and the buffers of what the GPUs tell each other. */
  other: number;
  total: number;
}

const GIB = 2 ** 30;
const CUDA_GIB = 1;
/** overlap_comm takes 4.5 times both buckets of 5e8 elements in bfloat16 (DeepSpeed's integration in transformers). */
const ZERO_BUCKETS = 2 * 4.5 * 5e8 * 2;

export function trainingMemory(shape: ModelShape, plan: TrainingPlan): TrainingMemory {
  const { parameters } = shape;
  const trained = plan.lora === null ? parameters : adapterParameters(shape, plan.lora);
  const weights = (plan.weights === 'float32' ? 6 : 2) * parameters;
  const optimizer = optimizerBytes(plan, trained);
  const zero = plan.sharding === 'zero-2' && plan.processes > 1 ? ZERO_BUCKETS : 0;
  const parts = {
    weights: weights / GIB,
    optimizer: optimizer / GIB,
    activations: activationBytes(shape, plan.batchSize * plan.maxLength) / GIB,
    other: CUDA_GIB + zero / GIB,
  };
  return { ...parts, total: parts.weights + parts.optimizer + parts.activations + parts.other };
}

/**
 * 16 bytes a weight in mixed precision (Rajbhandari et al. 2020, ZeRO, 3.1): 2 of weights, 2 of gradients, 12 of float32 weights and two
 * moments; ZeRO-2 shares the last 14. PyTorch's autocast keeps weights and gradients in float32 and a bfloat16 copy, and its
 * DistributedDataParallel gathers gradients in buckets that are another copy of them.
 */
function optimizerBytes({ sharding, weights, processes, lora }: TrainingPlan, trained: number): number {
  if (lora !== null) return 16 * trained;
  if (weights === 'float32') return (processes > 1 ? 16 : 12) * trained;
  return (14 * trained) / (sharding === 'zero-2' ? processes : 1);
}

/** r x (in + out) of each linear layer (Hu et al. 2021, LoRA). */
export function adapterParameters(shape: ModelShape, rank: number): number {
  const { layers, width, heads, kvHeads, headSize, intermediate } = shape;
  const queries = 2 * (width + heads * headSize);
  const keysAndValues = 2 * (width + kvHeads * headSize);
  const feedForward = 3 * (width + intermediate);
  return rank * layers * (queries + keysAndValues + feedForward);
}

/**
 * With gradient checkpointing each layer keeps its input, one layer at a time is computed again (Korthikanti et al. 2022, with SwiGLU and
 * flash attention), and the logits are there in bfloat16, in float32 and as gradient.
 */
function activationBytes({ layers, width, intermediate, vocabulary }: ModelShape, tokens: number): number {
  const kept = 2 * layers * width;
  const oneLayer = 17 * width + 8 * intermediate;
  const logits = 10 * vocabulary;
  return tokens * (kept + oneLayer + logits);
}

/** In GiB. */
export interface DiskUse {
  checkpoint: number;
  resumePoint: number;
}

/** Checkpoints are bfloat16; a resume point has the trained weights, in float32 too where DeepSpeed keeps both, and the two moments. */
export function diskUse(shape: ModelShape, plan: TrainingPlan): DiskUse {
  const trained = plan.lora === null ? shape.parameters : adapterParameters(shape, plan.lora);
  const resumed = plan.lora === null && plan.weights === 'bfloat16' ? 14 : 12;
  return { checkpoint: (2 * trained) / GIB, resumePoint: (resumed * trained) / GIB };
}

/** Share of the GPU that a trainer can fill: the rest is fragments, and what a vLLM that sleeps keeps. */
const USABLE = 0.9;

export const fitsIn = ({ total }: TrainingMemory, gib: number): boolean => total <= USABLE * gib;

/** The first of these changes, mildest first, with which it fits; null where none does. */
export function trainingRemedy(
  shape: ModelShape,
  plan: TrainingPlan,
  gpus: { count: number; memory: number },
): { plan: TrainingPlan; memory: TrainingMemory } | null {
  const given = { ...plan, processes: Math.min(plan.processes, gpus.count) };
  const sizes = [plan.maxLength, 4096, 2048, 1024].filter((length) => length <= plan.maxLength);
  const ways = [
    given,
    ...(gpus.count > 1 && plan.lora === null
      ? [{ ...given, sharding: 'zero-2' as const, weights: 'bfloat16' as const, processes: gpus.count }]
      : []),
    ...(plan.lora === null ? [{ ...given, lora: 16, sharding: 'none' as const, weights: 'bfloat16' as const }] : []),
  ];
  const candidates = ways.flatMap((way) =>
    sizes.flatMap((maxLength) =>
      [...new Set([plan.batchSize, 1])].map((batchSize) => ({ ...way, batchSize, maxLength })),
    ),
  );
  for (const candidate of candidates) {
    const memory = trainingMemory(shape, candidate);
    if (fitsIn(memory, gpus.memory)) return { plan: candidate, memory };
  }
  return null;
}
