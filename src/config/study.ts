import { z } from 'zod';
import { BuildCritiques } from './build-critiques.ts';
import { Evaluate, MOST_SHARDS_OF_A_CHAIN } from './evaluate.ts';
import { Actor, Critic } from './models.ts';
import { SelfImprove } from './self-improve.ts';
import { MOST_SHARDS_OF_SELF_TALK, SelfTalk } from './self-talk.ts';
import { tooManyShards } from './shards.ts';
import { CriticTraining, Training } from './training.ts';

/** What becomes the critic: it is trained, and asked for critiques at temperature 0. */
const StudiedCritic = z.strictObject({
  base: Actor.shape.base,
  promptFamily: Critic.shape.promptFamily,
  endpoint: Critic.shape.endpoint,
  maxTokens: Critic.shape.maxTokens,
});

/** Of `buildCritiques`, all that the study itself does not settle. */
const { seed, actor, questions, critic, oracle, shards, ...ofCritiques } = BuildCritiques.shape;

const StudiedSelfTalk = z.strictObject({
  samples: SelfTalk.shape.samples,
  rounds: SelfTalk.shape.rounds,
  perQuestion: SelfTalk.shape.perQuestion,
  smoother: SelfTalk.shape.smoother,
  minYield: SelfTalk.shape.minYield,
  /** Of a self-talk, which is longer than a solution. */
  maxTokens: Actor.shape.maxTokens,
});

/** The test-time grid: what each actor is measured with. */
const Grid = z.strictObject({
  /** How many of the test questions. All by default. */
  questions: z.int().min(1).optional(),
  samples: Evaluate.shape.samples,
  samplesWithCritic: Evaluate.shape.samplesWithCritic,
  ks: Evaluate.shape.ks,
  gates: Evaluate.shape.gates,
  /** M: rounds of the chain of the actor without self-improvement. 0: none. */
  rounds: z.int().min(0).max(256).default(0),
});

/** Input of the workflow `study`: the whole paper, from an actor's and a critic's base to one report. */
export const Study = z
  .strictObject({
    seed: SelfImprove.shape.seed,
    actor: Actor,
    critic: StudiedCritic,
    questions: SelfImprove.shape.questions,
    reason: SelfImprove.shape.reason,
    test: SelfImprove.shape.test,
    iterations: SelfImprove.shape.iterations,
    samples: SelfImprove.shape.samples,
    refinementsPerCritique: SelfImprove.shape.refinementsPerCritique,
    keptPerCritique: SelfImprove.shape.keptPerCritique,
    shortcutBarrier: SelfImprove.shape.shortcutBarrier,
    data: SelfImprove.shape.data,
    /** How the critic's data are made. */
    critiques: z.strictObject(ofCritiques),
    training: z
      .strictObject({
        actor: Training.prefault({}),
        critic: CriticTraining.prefault({}),
        /** As the actor by default. */
        selfTalk: Training.optional(),
      })
      .prefault({}),
    /** One model that critiques itself, trained for it. */
    selfCorrection: z.boolean().default(true),
    /** One model that checks its steps as it writes them. null: none. */
    selfTalk: StudiedSelfTalk.nullable().default(null),
    evaluation: Grid.prefault({}),
    oracle: SelfImprove.shape.oracle,
    shards: SelfImprove.shape.shards,
  })
  .superRefine(({ test, evaluation: { questions, rounds }, selfTalk, shards }, context) => {
    const tooMany =
      tooManyShards(shards, rounds, MOST_SHARDS_OF_A_CHAIN) ??
      tooManyShards(shards, selfTalk?.rounds ?? 0, MOST_SHARDS_OF_SELF_TALK);
    if (tooMany) context.addIssue({ code: 'custom', path: ['shards'], input: shards, message: tooMany });
    if (questions === undefined || questions <= (test.count ?? questions)) return;
    const message = `expected at most test.count (${test.count})`;
    context.addIssue({ code: 'custom', path: ['evaluation', 'questions'], input: questions, message });
  });

/** What a user writes: everything with a default may be left out. */
export type StudyInput = z.input<typeof Study>;
/** The same, parsed: every field is there. */
export type StudyConfig = z.output<typeof Study>;
