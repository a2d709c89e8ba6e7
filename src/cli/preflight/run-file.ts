import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { checkBuildCritiques, modelsOf } from '../../activities/check-build-critiques.ts';
import { checkFineTune } from '../../activities/check-fine-tune.ts';
import { checkEvaluate, checkSelfImprove, fieldsOf } from '../../activities/check-input.ts';
import { checkSelfTalk } from '../../activities/check-self-talk.ts';
import { checkStudy } from '../../activities/check-study.ts';
import { Failure } from '../../backends/failures.ts';
import type { Store } from '../../backends/storage/store.ts';
import { BuildCritiques } from '../../config/build-critiques.ts';
import { Evaluate, type EvaluateConfig } from '../../config/evaluate.ts';
import { FineTune } from '../../config/fine-tune.ts';
import type { ModelConfig } from '../../config/models.ts';
import type { JudgeConfig } from '../../config/oracle.ts';
import { type Parsed, parseInput } from '../../config/parse.ts';
import { SelfImprove, type SelfImproveConfig } from '../../config/self-improve.ts';
import { SelfTalk } from '../../config/self-talk.ts';
import { Study, type StudyConfig } from '../../config/study.ts';
import type { TrainingConfig } from '../../config/training.ts';
import { mistakeInPath } from '../read-file.ts';
import type { Check } from './check.ts';

export type Model = ModelConfig | JudgeConfig | StudyConfig['critic'];
/** By the fields that name them. */
export type Models = Record<string, Model | null | undefined>;
/** Fine-tunes, by the fields that say how. */
export type Trainings = Record<string, { base: string; training: TrainingConfig } | null>;

export interface RunFile {
  checks: Check[];
  /** As far as a wrong input can be read. */
  models: Models;
  trainings: Trainings;
  /** What the time of can be estimated. */
  selfImprove: SelfImproveConfig | null;
}

/** A workflow that has run files. */
interface Kind {
  name: string;
  /** By what only its inputs have. */
  detect: (fields: Record<string, unknown>) => boolean;
  check: (input: unknown, store: Store) => Promise<Parsed<unknown>>;
  /** The models that it asks and trains. */
  read: (input: unknown) => Partial<Omit<RunFile, 'checks'>>;
}

/** The last one is what everything else is taken for. */
const KINDS: readonly Kind[] = [
  {
    name: 'buildCritiques',
    detect: (fields) => 'annotator' in fields,
    check: checkBuildCritiques,
    read: (input) =>
      readParsed(parseInput(BuildCritiques, input), (config) => ({
        models: { ...modelsOf(config), 'oracle.judge': config.oracle.judge },
      })),
  },
  {
    name: 'fineTune',
    detect: (fields) => 'base' in fields && 'data' in fields,
    check: checkFineTune,
    read: (input) =>
      readParsed(parseInput(FineTune, input), ({ base, training, evaluation }) => ({
        models: { 'evaluation.actor': evaluation?.actor, 'evaluation.oracle.judge': evaluation?.oracle.judge },
        trainings: { training: { base, training } },
      })),
  },
  {
    name: 'selfTalk',
    detect: (fields) => ['rounds', 'smoother', 'perQuestion', 'minYield'].some((field) => field in fields),
    check: checkSelfTalk,
    read: (input) =>
      readParsed(parseInput(SelfTalk, input), ({ actor, critic, smoother, oracle, training }) => ({
        models: {
          actor,
          critic,
          smoother: smoother.source === 'model' ? smoother : null,
          'oracle.judge': oracle.judge,
        },
        trainings: { training: training && { base: training.base, training } },
      })),
  },
  {
    name: 'study',
    detect: (fields) => 'selfTalk' in fields || typeof fields.critiques === 'object',
    check: checkStudy,
    read: (input) =>
      readParsed(parseInput(Study, input), (config) => ({
        models: studyModels(config),
        trainings: {
          'training.actor': { base: config.actor.base, training: config.training.actor },
          'training.critic': { base: config.critic.base, training: config.training.critic },
        },
      })),
  },
  {
    name: 'selfImprove',
    detect: (fields) => ['iterations', 'reason', 'test'].some((field) => field in fields),
    check: checkSelfImprove,
    read: (input) =>
      readParsed(parseInput(SelfImprove, input), (config) => ({
        models: loopModels(config),
        trainings: loopTrainings(config),
        selfImprove: config,
      })),
  },
  {
    name: 'evaluate',
    detect: () => true,
    check: checkEvaluate,
    read: (input) => readParsed(parseInput(Evaluate, input), (config) => ({ models: loopModels(config) })),
  },
];

const readParsed = <Config>({ value }: Parsed<Config>, read: (config: Config) => Partial<RunFile>): Partial<RunFile> =>
  value === undefined ? {} : read(value);

const loopModels = ({
  actor,
  critic,
  oracle,
}: Pick<SelfImproveConfig | EvaluateConfig, 'actor' | 'critic' | 'oracle'>): Models => ({
  actor,
  critic,
  'oracle.judge': oracle.judge,
});

function loopTrainings({ actor, critic, training }: SelfImproveConfig): Trainings {
  const retrain = critic?.retrain;
  return {
    training: { base: actor.base, training },
    'critic.retrain.training': retrain ? { base: retrain.base ?? critic.model, training: retrain.training } : null,
  };
}

const studyModels = ({ actor, critic, critiques, selfTalk, oracle }: StudyConfig): Models => ({
  actor,
  critic,
  ...Object.fromEntries(Object.entries(modelsOf(critiques)).map(([field, model]) => [`critiques.${field}`, model])),
  'selfTalk.smoother': selfTalk?.smoother.source === 'model' ? selfTalk.smoother : null,
  'oracle.judge': oracle.judge,
});

/** Every mistake of a run file, and what else can be looked at in it. */
export async function readRunFile(file: string, store: Store): Promise<RunFile> {
  const nothing = { models: {}, trainings: {}, selfImprove: null };
  const unreadable = (detail: string) => ({ ...nothing, checks: [{ what: file, ok: false, detail }] });
  const mistake = mistakeInPath(file);
  if (mistake !== null) return unreadable(mistake);
  let input: unknown;
  try {
    input = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    return unreadable(`expected JSON: ${(error as Error).message}`);
  }
  const { name, check, read } = KINDS.find(({ detect }) => detect(fieldsOf(input)))!;
  // Endpoints can be asked, and memory counted, even where a file is missing.
  const found = read(input);
  const checked = await check(input, store).catch(unlessAway);
  if (!checked) return { ...nothing, ...found, checks: [{ what: file, ok: null, detail: AWAY }] };
  const { issues } = checked;
  const checks: Check[] = issues
    ? issues.map(({ field, message }) => ({ what: field, ok: false, detail: message }))
    : [{ what: file, ok: true, detail: `a valid input of ${name}` }];
  if (issues) checks.at(-1)!.notes = [`${file} was taken for an input of ${name}, by its fields`];
  const parts = { ...nothing, ...found };
  return { ...parts, checks: [...checks, ...checkDeepSpeed(parts.trainings)] };
}

/** Why the store does not answer is told where it is checked. */
const AWAY = 'what it names in the store could not be looked for';

function unlessAway(error: unknown): null {
  if (error instanceof Failure && error.type === 'StoreUnavailable') return null;
  throw error;
}

function checkDeepSpeed(trainings: Trainings): Check[] {
  return Object.entries(trainings).flatMap(([field, tuned]) => {
    const file = tuned?.training.deepspeed ?? null;
    if (file === null || existsSync(file)) return [];
    return [{ what: `${field}.deepspeed`, ok: false, detail: `got "${file}", expected a file: there is none` }];
  });
}
