import { z } from 'zod';
import { Training } from './training.ts';

/** Input of the workflow `fineTune`: one fine-tune of an actor or critic from rows to a checkpoint. */
export const FineTune = z.strictObject({
  seed: z.int().min(0).max(2_147_483_647).default(0),
  /** Checkpoint folder or hub name to start from. */
  base: z
    .string()
    .min(1)
    .max(200)
    .refine((name) => !name.startsWith('-'), { error: 'expected a checkpoint folder or a hub name' }),
  /** JSON lines of {prompt, completion}: a file, or the uri of an artifact in the store. */
  data: z.string().min(1).max(1000),
  training: Training.prefault({}),
});

export type FineTuneInput = z.input<typeof FineTune>;
export type FineTuneConfig = z.output<typeof FineTune>;
