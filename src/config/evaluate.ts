import { z } from 'zod';
import { Questions } from './datasets.ts';
import { eachOnce } from './each-once.ts';
import { EvaluatedActor, PricedCritic } from './models.ts';
import { Oracle } from './oracle.ts';
import { shards, tooManyShards } from './shards.ts';

const count = z.int().min(1).max(1024);

const SelfCorrection = z.strictObject({
  /** Of a critique by the actor. */
  maxTokens: PricedCritic.shape.maxTokens,
});

const Sequential = z.strictObject({
  /** M (MV_NUM): critiques and refinements, one after the other. */
  rounds: z.int().min(1).max(256),
});

/** Of all rounds of a chain: 8 at the most rounds. */
export const MOST_SHARDS_OF_A_CHAIN = 2048;

/** Input of the workflow `evaluate`: one checkpoint, measured every way that the paper does (method.md D). */
export const Evaluate = z
  .strictObject({
    seed: z.int().min(0).max(2_147_483_647).default(0),
    actor: EvaluatedActor,
    /** null: response only. */
    critic: PricedCritic.nullable(),
    questions: Questions,
    /** N (sample_num): responses per question beside the greedy one. */
    samples: z.int().min(0).max(1024).default(0),
    /** K: how many of these are critiqued and refined. All by default. */
    samplesWithCritic: z.int().min(0).max(1024).optional(),
    /** Numbers of samples to measure at. By default 1, 2, 4, 8 and so on, and all. */
    ks: z.array(count).min(1).optional(),
    /** Which responses are refined, each measured: always (TEST_KNOW_ANSWER=0), where the verdict is wrong, where the oracle says so (1). */
    gates: eachOnce(z.array(z.enum(['always', 'verdict', 'oracle'])).min(1)).default(['verdict']),
    /** The actor critiques itself, too. null: it does not. */
    selfCorrection: SelfCorrection.nullable().default(null),
    /** A chain of rounds from the first sample. null: none. */
    sequential: Sequential.nullable().default(null),
    /** US dollars: the run ends before it spends more on models with a price. */
    costLimit: z.number().positive().optional(),
    oracle: Oracle.prefault({}),
    shards,
  })
  .superRefine((run, context) => {
    const wrong = (path: PropertyKey[], input: unknown, message: string) =>
      context.addIssue({ code: 'custom', path, input, message });
    const { samples, samplesWithCritic, ks, actor, critic, sequential, costLimit } = run;
    if (samples > 1 && actor.temperature === 0)
      wrong(['samples'], samples, 'expected at most 1 at actor.temperature 0, where all would be the same');
    if (samplesWithCritic !== undefined && samplesWithCritic > samples)
      wrong(['samplesWithCritic'], samplesWithCritic, `expected at most samples (${samples})`);
    for (const [i, k] of (ks ?? []).entries())
      if (k > samples) wrong(['ks', i], k, `expected at most samples (${samples})`);
    if (sequential && !critic) wrong(['sequential'], sequential, 'expected null, or a critic');
    else if (sequential && (samplesWithCritic ?? samples) === 0)
      wrong(['sequential'], sequential, 'expected null, or a sample that is critiqued: a chain begins with the first');
    const tooMany = tooManyShards(run.shards, sequential?.rounds ?? 0, MOST_SHARDS_OF_A_CHAIN);
    if (tooMany) wrong(['shards'], run.shards, tooMany);
    if (costLimit !== undefined && !actor.price && !critic?.price)
      wrong(['costLimit'], costLimit, 'expected a "price" of the actor or of the critic with it');
  });

/** What a user writes: everything with a default may be left out. */
export type EvaluateInput = z.input<typeof Evaluate>;
/** The same, parsed: every field is there. */
export type EvaluateConfig = z.output<typeof Evaluate>;
