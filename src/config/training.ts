import { z } from 'zod';

/** An adapter beside the frozen weights; it is then the checkpoint. */
const Lora = z.strictObject({
  rank: z.int().min(1).max(1024).default(16),
  alpha: z.number().positive().default(32),
  dropout: z.number().min(0).lt(1).default(0),
  /** Names of the modules that get one. */
  targets: z.union([z.literal('all-linear'), z.array(z.string().min(1)).min(1)]).default('all-linear'),
});

/** How a checkpoint is fine-tuned. The defaults are the reference scripts' (method.md C1). */
export const TrainingFields = z.strictObject({
  backend: z.enum(['trl', 'llamafactory']).default('trl'),
  epochs: z.number().positive().max(100).default(1),
  learningRate: z.number().positive().max(1).default(5e-6),
  batchSize: z.int().min(1).max(65_536).default(4),
  gradientAccumulation: z.int().min(1).max(65_536).default(8),
  /** Tokens of prompt and completion together; longer rows are cut. */
  maxLength: z.int().min(16).max(1_048_576).default(4096),
  warmupRatio: z.number().min(0).max(1).default(0),
  scheduler: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  weightDecay: z.number().min(0).max(1).default(0),
  maxGradNorm: z.number().positive().default(1),
  /** A resume point is written every so many steps. */
  saveSteps: z.int().min(1).default(500),
  /** All weights are trained where it is null. */
  lora: Lora.nullable().default(null),
  /** Each has a GPU of its own; batchSize and gradientAccumulation are those of one process. */
  processes: z.int().min(1).max(64).default(1),
  /** What LLaMA-Factory puts around prompts and completions. null: nothing but what the tokenizer does, or its chat template around messages. */
  template: z.string().min(1).nullable().default(null),
  /** File of a DeepSpeed configuration, for LLaMA-Factory. */
  deepspeed: z.string().min(1).nullable().default(null),
});

/** What only one of the backends reads. */
export const ofItsBackend = (
  { backend, ...training }: Pick<z.output<typeof TrainingFields>, 'backend' | 'template' | 'deepspeed'>,
  context: z.RefinementCtx,
): void => {
  const message = 'expected the backend "llamafactory" with it';
  for (const field of ['template', 'deepspeed'] as const)
    if (backend !== 'llamafactory' && training[field] !== null)
      context.addIssue({ code: 'custom', path: [field], input: training[field], message });
};

export const Training = TrainingFields.superRefine(ofItsBackend);

/** Of a critic: its epochs are the successor repository's (method.md C2). */
export const CriticTraining = TrainingFields.extend({
  epochs: TrainingFields.shape.epochs.unwrap().default(5),
}).superRefine(ofItsBackend);

export type TrainingConfig = z.output<typeof Training>;
