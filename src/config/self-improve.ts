import { z } from 'zod';
import { Questions, Triples } from './datasets.ts';
import { TrainingData } from './fine-tune.ts';
import { Actor, Critic } from './models.ts';
import { Oracle } from './oracle.ts';
import { shards } from './shards.ts';
import { CriticTraining, Training } from './training.ts';

const data = z.strictObject({
  /** D_reason in every iteration's training set (USE_ORIGINAL). */
  original: z.boolean().default(true),
  /** Rows of all earlier iterations too, not only this one's (USE_PREVIOUS). */
  previous: z.boolean().default(false),
  /** D_refine in every iteration's training set (USE_GPT4_FEEDBACK). */
  refine: z.boolean().default(true),
  /** Successful refinements also as (question, response, critique) -> refinement examples (USE_SELFIMPROVE_FEEDBACK). */
  selfImproveFeedback: z.boolean().default(false),
  /** Expected copies of each D_refine row: the paper's beta, by data mixing. */
  beta: z.number().min(0).max(100).default(1),
  /** Most distinct solutions of one question; none by default. */
  maxPerQuestion: z.int().min(1).optional(),
});

const evaluation = z.strictObject({
  /** Also measure with the critic at test time. Needs a critic. */
  withCritic: z.boolean().default(true),
  /** Whose refinement replaces the response. */
  gate: z.enum(['always', 'verdict', 'oracle']).default('verdict'),
});

/** The critic learns from each exploration what helped, beside what it has learnt before. */
const Retrain = z.strictObject({
  /** What it is trained from each time; by default the critic's model. */
  base: Actor.shape.base.optional(),
  /** D_critique: rows that it is trained on each time, too. */
  data: z.array(TrainingData).default([]),
  training: CriticTraining.prefault({}),
});

/** null: the critic stays as it is through all iterations, as in the paper. */
export const LoopCritic = Critic.extend({ retrain: Retrain.nullable().default(null) });

/** Input of the workflow `selfImprove` (Algorithm 1 of arXiv 2411.16579). */
export const SelfImprove = z
  .strictObject({
    seed: z.int().min(0).max(2_147_483_647).default(0),
    /** T (ITER_NUM): iterations after iteration 0. */
    iterations: z.int().min(0).max(100),
    /** N (sample_num): responses per question. */
    samples: z.int().min(1).max(1024).default(1),
    /** L: critiques per wrong response. */
    critiques: z.int().min(1).max(64).default(1),
    refinementsPerCritique: z.int().min(1).max(64).default(1),
    /** reserved_new_data: accepted refinements per critique. */
    keptPerCritique: z.int().min(1).max(64).default(1),
    shortcutBarrier: z.boolean().default(true),
    data: data.prefault({}),
    actor: Actor,
    /** null: vanilla self-improvement (USE_CRITIC=0). */
    critic: LoopCritic.nullable(),
    /** The pool that is explored. */
    questions: Questions,
    /** D_reason: questions with worked solutions. */
    reason: Questions,
    /** D_refine; null: none. */
    refine: Triples.nullable().default(null),
    /** The test set, never trained on. */
    test: Questions,
    training: Training.prefault({}),
    evaluation: evaluation.prefault({}),
    oracle: Oracle.prefault({}),
    shards,
  })
  .superRefine((run, context) => {
    const same = (path: PropertyKey[], value: number, temperature: string) =>
      context.addIssue({
        code: 'custom',
        path,
        input: value,
        message: `expected 1 at ${temperature} 0, where all would be the same, or a higher temperature`,
      });
    if (run.samples > 1 && run.actor.temperature === 0) same(['samples'], run.samples, 'actor.temperature');
    if (run.refinementsPerCritique > 1 && run.actor.temperature === 0)
      same(['refinementsPerCritique'], run.refinementsPerCritique, 'actor.temperature');
    if (run.critic && run.critiques > 1 && run.critic.temperature === 0)
      same(['critiques'], run.critiques, 'critic.temperature');
    if (run.keptPerCritique > run.refinementsPerCritique)
      context.addIssue({
        code: 'custom',
        path: ['keptPerCritique'],
        input: run.keptPerCritique,
        message: `expected at most refinementsPerCritique (${run.refinementsPerCritique})`,
      });
  });

export type RetrainConfig = z.output<typeof Retrain>;
/** What a user writes: everything with a default may be left out. */
export type SelfImproveInput = z.input<typeof SelfImprove>;
/** The same, parsed: every field is there. */
export type SelfImproveConfig = z.output<typeof SelfImprove>;
