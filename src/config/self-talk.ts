import { z } from 'zod';
import { Questions } from './datasets.ts';
import { TrainingData } from './fine-tune.ts';
import { Actor, EvaluatedActor, PricedCritic } from './models.ts';
import { Oracle } from './oracle.ts';
import { shards, tooManyShards } from './shards.ts';
import { ofItsBackend, TrainingFields } from './training.ts';

/** Who makes one text of a chain of steps and critiques. */
const Smoother = z.discriminatedUnion(
  'source',
  [
    /** The built-in ones: free, and the same for the same seed. */
    z.strictObject({ source: z.literal('templates') }),
    PricedCritic.extend({
      source: z.literal('model'),
      promptFamily: z.literal('chat').default('chat'),
      /** How long it is waited for where it does not answer; then what it was not asked is left out. */
      patienceMinutes: z.number().min(0).max(10_080).default(60),
    }),
  ],
  { error: 'expected "source" to be "templates" or "model"' },
);

const FineTuning = TrainingFields.extend({
  /** Checkpoint folder or hub name to start from. */
  base: Actor.shape.base,
  /** More rows to train on, {prompt, completion}: files, or artifacts in the store. */
  data: z.array(TrainingData).default([]),
}).superRefine(ofItsBackend);

const Evaluation = z.strictObject({
  /** Never trained on. */
  questions: Questions,
  /** Of a self-talk, which is longer than a solution. */
  maxTokens: Actor.shape.maxTokens,
  /** N: self-talks per question beside the greedy one. */
  samples: z.int().min(0).max(1024).default(0),
});

/** Of all rounds: 8 at the most rounds. */
export const MOST_SHARDS_OF_SELF_TALK = 512;

/** Input of the workflow `selfTalk`: one model learns to check and repair its steps as it writes them (method.md F). */
export const SelfTalk = z
  .strictObject({
    seed: z.int().min(0).max(2_147_483_647).default(0),
    /** Writes the steps and writes them again. */
    actor: EvaluatedActor,
    /** Judges them. */
    critic: z.strictObject(PricedCritic.shape),
    questions: Questions,
    /** Chains per question. */
    samples: z.int().min(1).max(1024).default(1),
    /** How often a chain is written again from its first wrong step, at most. */
    rounds: z.int().min(0).max(64).default(4),
    /** Most self-talks of one question. */
    perQuestion: z.int().min(1).max(1024).default(1),
    smoother: Smoother.prefault({ source: 'templates' }),
    /** Share of the chains that have to become a self-talk with the right answer; below it the run fails. */
    minYield: z.number().min(0).max(1).default(0.1),
    /** null: only the data. */
    training: FineTuning.nullable().default(null),
    /** Of what was trained. null: none. */
    evaluation: Evaluation.nullable().default(null),
    /** US dollars: the run ends before it spends more on models with a price. */
    costLimit: z.number().positive().optional(),
    oracle: Oracle.prefault({}),
    shards,
  })
  .superRefine((run, context) => {
    const wrong = (path: PropertyKey[], input: unknown, message: string) =>
      context.addIssue({ code: 'custom', path, input, message });
    const { actor, critic, samples, perQuestion, smoother, training, evaluation, costLimit } = run;
    const tooMany = tooManyShards(run.shards, run.rounds, MOST_SHARDS_OF_SELF_TALK);
    if (tooMany) wrong(['shards'], run.shards, tooMany);
    if (actor.style !== 'solution')
      wrong(['actor', 'style'], actor.style, 'expected "solution": self-talk is made of solutions');
    if (samples > 1 && actor.temperature === 0)
      wrong(['samples'], samples, 'expected 1 at actor.temperature 0, where all would be the same');
    if (perQuestion > samples) wrong(['perQuestion'], perQuestion, `expected at most samples (${samples})`);
    if (evaluation && !training) wrong(['evaluation'], evaluation, 'expected null, or "training" beside it');
    if (evaluation && evaluation.samples > 1 && actor.temperature === 0)
      wrong(['evaluation', 'samples'], evaluation.samples, 'expected at most 1 at actor.temperature 0');
    const priced = actor.price || critic.price || ('price' in smoother && smoother.price);
    if (costLimit !== undefined && !priced)
      wrong(['costLimit'], costLimit, 'expected a "price" of the actor, the critic or the smoother with it');
  });

/** What a user writes: everything with a default may be left out. */
export type SelfTalkInput = z.input<typeof SelfTalk>;
/** The same, parsed: every field is there. */
export type SelfTalkConfig = z.output<typeof SelfTalk>;
export type SmootherConfig = SelfTalkConfig['smoother'];
