import type { BuildCritiquesInput } from '../../config/build-critiques.ts';
import type { EvaluateInput } from '../../config/evaluate.ts';
import type { FineTuneInput } from '../../config/fine-tune.ts';
import type { SelfImproveInput } from '../../config/self-improve.ts';
import type { SelfTalkInput } from '../../config/self-talk.ts';
import type { StudyConfig } from '../../config/study.ts';

/** The workflows that a study runs as its children, and what each is given. */
export interface ChildInputs {
  selfImprove: SelfImproveInput;
  buildCritiques: BuildCritiquesInput;
  fineTune: FineTuneInput;
  selfTalk: SelfTalkInput;
  evaluate: EvaluateInput;
}
export type ChildType = keyof ChildInputs;

/** Weights or rows in the store. */
export interface Stored {
  uri: string;
  sha256: string;
}
interface SelfImproved {
  checkpoint: Stored;
  checkpoints: (Stored & { iteration: number })[];
  datasets: (Stored & { iteration: number })[];
}
interface FineTuned {
  checkpoint: Stored;
}

/** What later steps take from what the children before them said. */
export interface StepResults {
  reason: SelfImproved;
  critiques: { datasets: { critic: Stored; refine: Stored; selfCorrection: Stored } };
  critic: FineTuned;
  loop: SelfImproved;
  vanilla: SelfImproved;
  'self-correction': FineTuned;
}

interface StepOf<Type extends ChildType> {
  type: Type;
  /** In a few words, for people. */
  what: string;
  input: (study: StudyConfig, done: StepResults) => ChildInputs[Type];
  /** Whether a study has it; all have it by default. */
  wanted?: (study: StudyConfig) => boolean;
}
type AnyStep = { [Type in ChildType]: StepOf<Type> }[ChildType];

/** The children of a study in their order: each one's input, from the study's own and from what came before. */
export const STEPS = {
  reason: {
    type: 'selfImprove',
    what: 'the actor that writes flawed paths: fine-tuned on worked solutions',
    input: (study) => ({ ...fromBase(study), iterations: 0, critic: null, refine: null }),
  },
  critiques: {
    type: 'buildCritiques',
    what: 'data for the critic',
    input: (study, { reason }) => ({
      ...common(study),
      ...study.critiques,
      questions: study.questions,
      actor: actor(study, reason.checkpoint),
      critic: { promptFamily: study.critic.promptFamily },
    }),
  },
  critic: {
    type: 'fineTune',
    what: 'the critic, fine-tuned on them and beside its base',
    input: (study, { reason, critiques }) => ({
      seed: study.seed,
      role: 'critic',
      base: study.critic.base,
      data: [critiques.datasets.critic.uri],
      training: study.training.critic,
      evaluation: {
        questions: heldOut(study),
        promptFamily: study.critic.promptFamily,
        endpoint: study.critic.endpoint,
        maxTokens: study.critic.maxTokens,
        actor: actor(study, reason.checkpoint),
        oracle: study.oracle,
      },
    }),
  },
  loop: {
    type: 'selfImprove',
    what: 'critique-in-the-loop self-improvement',
    input: (study, { critiques, critic: trained }) => ({
      ...selfImprove(study),
      critic: critic(study, trained.checkpoint.uri),
      refine: { source: 'triples', path: critiques.datasets.refine.uri },
    }),
  },
  vanilla: {
    type: 'selfImprove',
    what: 'the same without a critic',
    input: (study, { critiques }) => ({
      ...selfImprove(study),
      critic: null,
      refine: { source: 'triples', path: critiques.datasets.refine.uri },
    }),
  },
  'self-correction': {
    type: 'fineTune',
    what: 'one model that critiques itself',
    wanted: ({ selfCorrection }) => selfCorrection,
    input: (study, { reason, critiques }) => ({
      seed: study.seed,
      role: 'actor',
      base: study.actor.base,
      data: [iteration0(reason.datasets).uri, critiques.datasets.selfCorrection.uri],
      training: study.training.actor,
    }),
  },
  'self-talk': {
    type: 'selfTalk',
    what: 'one model that checks its steps as it writes them',
    wanted: ({ selfTalk }) => selfTalk !== null,
    input: (study, { critic: trained, loop }) => {
      const { maxTokens, ...selfTalk } = study.selfTalk!;
      return {
        ...common(study),
        ...selfTalk,
        questions: study.questions,
        actor: actor(study, iteration0(loop.checkpoints)),
        critic: critic(study, trained.checkpoint.uri),
        training: { base: study.actor.base, ...(study.training.selfTalk ?? study.training.actor) },
        evaluation: { questions: heldOut(study), maxTokens },
      };
    },
  },
  'evaluate-sft': {
    type: 'evaluate',
    what: 'without self-improvement, with the critic, with itself as critic, in a chain',
    input: (study, { critic: trained, loop }) => ({
      ...grid(study),
      actor: actor(study, iteration0(loop.checkpoints)),
      critic: critic(study, trained.checkpoint.uri),
      selfCorrection: { maxTokens: study.critic.maxTokens },
      sequential: study.evaluation.rounds > 0 ? { rounds: study.evaluation.rounds } : null,
    }),
  },
  'evaluate-sft-base-critic': {
    type: 'evaluate',
    what: 'the same with the critic before its training',
    input: (study, { loop }) => ({
      ...common(study),
      questions: heldOut(study),
      gates: study.evaluation.gates,
      actor: actor(study, iteration0(loop.checkpoints)),
      critic: critic(study, study.critic.base),
    }),
  },
  'evaluate-self-correction': {
    type: 'evaluate',
    what: 'the model that was trained to critique itself',
    wanted: ({ selfCorrection }) => selfCorrection,
    input: (study, done) => ({
      ...grid(study),
      actor: actor(study, done['self-correction'].checkpoint),
      critic: null,
      selfCorrection: { maxTokens: study.critic.maxTokens },
    }),
  },
  'evaluate-vanilla': {
    type: 'evaluate',
    what: 'after vanilla self-improvement',
    input: (study, { critic: trained, vanilla }) => ({
      ...grid(study),
      actor: actor(study, vanilla.checkpoint),
      critic: critic(study, trained.checkpoint.uri),
    }),
  },
  'evaluate-loop': {
    type: 'evaluate',
    what: 'after critique-in-the-loop self-improvement',
    input: (study, { critic: trained, loop }) => ({
      ...grid(study),
      actor: actor(study, loop.checkpoint),
      critic: critic(study, trained.checkpoint.uri),
    }),
  },
} satisfies Record<string, AnyStep>;

export type StepName = keyof typeof STEPS;

export interface StudyStep {
  step: StepName;
  type: ChildType;
  what: string;
}

/** The steps that a study has. */
export function stepsOf(study: StudyConfig): StudyStep[] {
  return (Object.entries(STEPS) as [StepName, AnyStep][]).flatMap(([step, { type, what, wanted }]) =>
    wanted === undefined || wanted(study) ? [{ step, type, what }] : [],
  );
}

const common = ({ seed, oracle, shards }: StudyConfig) => ({ seed, oracle, shards });

/** How an actor is trained from its base and tested. */
const fromBase = (study: StudyConfig) => ({
  ...common(study),
  actor: study.actor,
  questions: study.questions,
  reason: study.reason,
  test: study.test,
  training: study.training.actor,
});

/** What self-improvement has in common with and without a critic. */
const selfImprove = (study: StudyConfig) => ({
  ...fromBase(study),
  iterations: study.iterations,
  samples: study.samples,
  refinementsPerCritique: study.refinementsPerCritique,
  keptPerCritique: study.keptPerCritique,
  shortcutBarrier: study.shortcutBarrier,
  data: study.data,
});

/** What the actors are measured with and on. */
const grid = (study: StudyConfig) => {
  const { samples, samplesWithCritic, ks, gates } = study.evaluation;
  return { ...common(study), questions: heldOut(study), samples, samplesWithCritic, ks, gates };
};

const heldOut = ({ test, evaluation }: StudyConfig): StudyConfig['test'] =>
  evaluation.questions === undefined ? test : { ...test, count: evaluation.questions };

/** A checkpoint of the actor, asked as the study's actor is. */
const actor = (study: StudyConfig, { uri }: Stored): EvaluateInput['actor'] => {
  const { base: _, ...asked } = study.actor;
  return { ...asked, model: uri };
};

const critic = (study: StudyConfig, model: string) => {
  const { base: _, ...asked } = study.critic;
  return { ...asked, model };
};

const iteration0 = <Of extends { iteration: number }>(all: Of[]): Of => all.find(({ iteration }) => iteration === 0)!;
