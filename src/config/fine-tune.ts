import { z } from 'zod';
import { path, Questions } from './datasets.ts';
import { Actor, Critic, EvaluatedActor } from './models.ts';
import { Oracle } from './oracle.ts';
import { CriticTraining, ofItsBackend, Training, TrainingFields } from './training.ts';

/** JSON lines of {prompt, completion}: a file, or what a run left in the store. */
export const TrainingData = path;

/** The new checkpoint beside the one that it would replace, greedy, on the same questions. */
const Evaluation = z.strictObject({
  /** Never trained on. */
  questions: Questions,
  /** How both are asked. */
  promptFamily: Critic.shape.promptFamily,
  endpoint: Critic.shape.endpoint,
  /** Of a critic's critiques. */
  temperature: Critic.shape.temperature,
  /** By default what `evaluate` gives an actor or a critic. */
  maxTokens: z.int().min(1).max(131_072).optional(),
  /** Whose responses a critic judges. Needed for a critic, and for nothing else. */
  actor: EvaluatedActor.optional(),
  /** Which of its responses are refined with the critic's help. */
  gate: z.enum(['always', 'verdict', 'oracle']).default('verdict'),
  /** What the new one stands against. By default what is promoted under `promote.as`, else the base. */
  against: Critic.shape.model.optional(),
  oracle: Oracle.prefault({}),
});

const Promotion = z.strictObject({
  /** Run files may then name the checkpoint `promoted/<as>`. */
  as: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'expected letters, digits, "-" and "_"'),
  /** better: where it is not worse than what it stands against. */
  when: z.enum(['better', 'always']).default('better'),
});

/** Where the roles differ (method.md C1, C2). */
const EPOCHS = {
  actor: Training.shape.epochs.parse(undefined),
  critic: CriticTraining.shape.epochs.parse(undefined),
};

/** Input of the workflow `fineTune`: one fine-tune of an actor or critic from rows to a checkpoint, which may be evaluated and promoted. */
export const FineTune = z
  .strictObject({
    seed: z.int().min(0).max(2_147_483_647).default(0),
    role: z.enum(['actor', 'critic']).default('actor'),
    /** A checkpoint folder, a hub name or what is promoted under a name. */
    base: Actor.shape.base,
    /** Of several, all rows. */
    data: z.union([TrainingData, z.array(TrainingData).min(1)], {
      error: 'expected a file or an artifact of a run, or a list of them',
    }),
    /** Five epochs for a critic, one for an actor, unless it says. */
    training: TrainingFields.extend({ epochs: TrainingFields.shape.epochs.unwrap().optional() })
      .superRefine(ofItsBackend)
      .prefault({}),
    evaluation: Evaluation.nullable().default(null),
    promote: Promotion.nullable().default(null),
  })
  .superRefine(({ role, evaluation, promote }, context) => {
    const wrong = (path: PropertyKey[], input: unknown, message: string) =>
      context.addIssue({ code: 'custom', path, input, message });
    if (evaluation && role === 'critic' && !evaluation.actor)
      wrong(['evaluation', 'actor'], undefined, 'expected the actor whose responses the critics judge');
    if (evaluation?.actor && role === 'actor')
      wrong(['evaluation', 'actor'], evaluation.actor, 'expected none: the actor is what is trained');
    if (promote?.when === 'better' && !evaluation)
      wrong(['promote', 'when'], 'better', 'expected "always", or an "evaluation" that tells what is better');
  })
  .transform(({ data, training, ...rest }) => ({
    ...rest,
    data: [data].flat(),
    training: { ...training, epochs: training.epochs ?? EPOCHS[rest.role] },
  }));

export type FineTuneInput = z.input<typeof FineTune>;
export type FineTuneConfig = z.output<typeof FineTune>;
