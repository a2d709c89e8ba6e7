import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { localFiles } from '../backends/datasets/index.ts';
import { Failure } from '../backends/failures.ts';
import { findModel } from '../backends/models.ts';
import type { Store } from '../backends/storage/store.ts';
import { Questions, type QuestionsConfig, Triples, type TriplesConfig } from '../config/datasets.ts';
import { Evaluate, type EvaluateConfig } from '../config/evaluate.ts';
import { Actor, type CriticConfig, EvaluatedActor, PricedCritic } from '../config/models.ts';
import { type InputIssue, mistake, type Parsed, parseInput } from '../config/parse.ts';
import { LoopCritic, type RetrainConfig, SelfImprove, type SelfImproveConfig } from '../config/self-improve.ts';
import { findPromoted, isPromoted, promotedNames } from './promotions.ts';
import { checkData, inStore, isFile } from './training-rows.ts';

/** A key in the store is a path on this machine. */
type Keys = Pick<Store, 'path'>;

/**
 * Parses a run file and looks for what it names on this machine. Every mistake at once, before any GPU time. What it names in the store,
 * as `runs/my-run/iteration-2/fine-tune/checkpoint`, gets the path by which engines and trainers find it.
 */
export function checkSelfImprove(input: unknown, store: Keys): Parsed<SelfImproveConfig> {
  const parsed = parseInput(SelfImprove, input);
  const parts = parsed.value ?? readParts(input);
  locateModels([parts.actor, parts.critic, parts.critic?.retrain], store);
  locateFiles([parts.questions, parts.reason, parts.test, parts.refine], store);
  const issues = [...(parsed.issues ?? []), ...checkParts(parts, store)];
  return issues.length > 0 ? { issues } : parsed;
}

type Parts = Partial<Pick<SelfImproveConfig, 'actor' | 'critic' | 'questions' | 'reason' | 'test' | 'refine'>>;

function readParts(input: unknown): Parts {
  const raw = fieldsOf(input);
  return rightOnes({
    actor: parseInput(Actor, raw.actor),
    critic: parseInput(LoopCritic, raw.critic),
    questions: parseInput(Questions, raw.questions),
    reason: parseInput(Questions, raw.reason),
    test: parseInput(Questions, raw.test),
    refine: parseInput(Triples, raw.refine),
  });
}

export const fieldsOf = (input: unknown) =>
  (typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {}) as Record<string, unknown>;

/** The parts of a wrong input that are right in themselves, so that what they name is looked for all the same. */
export function rightOnes<Parts extends object>(parts: { [Name in keyof Parts]: Parsed<Parts[Name]> }): Partial<Parts> {
  const parsed = Object.entries<Parsed<unknown>>(parts).map(([name, { value }]) => [name, value] as const);
  return Object.fromEntries(parsed.filter(([, value]) => value !== undefined)) as Partial<Parts>;
}

function checkParts({ actor, critic, questions, reason, test, refine }: Parts, store: Keys): InputIssue[] {
  return [
    ...(actor ? checkBase('actor.base', actor.base, store) : []),
    ...(actor && isHere(actor.base) ? checkContext('actor.maxTokens', actor.maxTokens, actor.base) : []),
    ...(critic ? checkServed('critic.model', critic, store) : []),
    ...(critic?.retrain ? checkRetraining(critic.retrain, critic.model, store) : []),
    ...Object.entries({ questions, reason, test }).flatMap(([field, part]) =>
      part ? checkQuestions(field, part) : [],
    ),
    ...(refine ? checkTriples('refine', refine) : []),
    ...Object.entries({ questions, reason }).flatMap(([field, part]) => (part ? checkSplit(field, part) : [])),
    ...(reason ? checkSolutions(reason) : []),
  ];
}

function checkRetraining({ base, data }: RetrainConfig, model: string, store: Keys): InputIssue[] {
  return [...checkBase('critic.retrain.base', base ?? model, store), ...checkData('critic.retrain.data', data, store)];
}

/** The same for `evaluate`. */
export function checkEvaluate(input: unknown, store: Keys): Parsed<EvaluateConfig> {
  const parsed = parseInput(Evaluate, input);
  const config = parsed.value ?? readEvaluateParts(input);
  locateModels([config.actor, config.critic], store);
  locateFiles([config.questions], store);
  const issues = [
    ...(parsed.issues ?? []),
    ...(config.actor ? checkServed('actor.model', config.actor, store) : []),
    ...(config.critic ? checkServed('critic.model', config.critic, store) : []),
    ...(config.questions ? checkQuestions('questions', config.questions) : []),
  ];
  return issues.length > 0 ? { issues } : parsed;
}

function readEvaluateParts(input: unknown): Partial<Pick<EvaluateConfig, 'actor' | 'critic' | 'questions'>> {
  const raw = fieldsOf(input);
  return rightOnes({
    actor: parseInput(EvaluatedActor, raw.actor),
    critic: parseInput(PricedCritic, raw.critic),
    questions: parseInput(Questions, raw.questions),
  });
}

/** Gives models that are in the store their paths there. */
export function locateModels(
  models: readonly ({ model: string } | { base?: string | undefined } | null | undefined)[],
  store: Keys,
): void {
  for (const model of models) {
    if (!model) continue;
    if ('model' in model) model.model = locate(model.model, store);
    else if (model.base !== undefined) model.base = locate(model.base, store);
  }
}

/** Gives datasets that are files in the store their paths there. */
export function locateFiles(datasets: readonly (object | null | undefined)[], store: Keys): void {
  for (const dataset of datasets as readonly ({ path?: unknown } | null | undefined)[])
    if (typeof dataset?.path === 'string') dataset.path = locate(dataset.path, store);
}

/** `runs/my-run/sft.jsonl` is what a run's result calls what it left, and `promoted/critic` what a fine-tune promoted. */
function locate(name: string, store: Keys): string {
  if (isPromoted(name)) return locatePromoted(name, store);
  const path = inStore(name, store);
  return path !== null && existsSync(path) ? path : name;
}

function locatePromoted(name: string, store: Keys): string {
  const checkpoint = findPromoted(name, store);
  return checkpoint ? store.path(checkpoint.uri) : name;
}

/** A worker's own engine fetches nothing, so what it serves is on this machine. */
export function checkServed(
  field: string,
  { model, endpoint, maxTokens }: Pick<CriticConfig, 'model' | 'endpoint'> & { maxTokens?: number | undefined },
  store: Keys,
): InputIssue[] {
  if (isPromoted(model)) return [notPromoted(field, model, store)];
  if (isHere(model)) return checkContext(field.replace(/\w+$/, 'maxTokens'), maxTokens, model);
  if (endpoint) return [];
  const expected = 'expected a folder with a Hugging Face checkpoint (config.json), or an "endpoint" that serves it';
  const fetch = isHubName(model) ? `, or what \`hf download ${model}\` brings here` : '';
  return [mistake(field, model, expected + fetch)];
}

const isHere = (model: string) => findModel(model) !== null;

/** Tokens; undefined where its config.json does not say. */
function contextOf(model: string): number | undefined {
  try {
    return JSON.parse(readFileSync(join(findModel(model)!, 'config.json'), 'utf8')).max_position_embeddings;
  } catch {
    return undefined;
  }
}

/** Prompt and text share a model's context: where the text alone may fill it, every request is refused. */
function checkContext(field: string, maxTokens: number | undefined, model: string): InputIssue[] {
  const context = contextOf(model);
  if (maxTokens === undefined || context === undefined || maxTokens < context) return [];
  return [mistake(field, maxTokens, `expected fewer than the ${context} tokens that are the context of ${model}`)];
}

/** What is trained from may be a hub name, too: the trainer fetches it. */
export function checkBase(field: string, model: string, store: Keys): InputIssue[] {
  if (isPromoted(model)) return [notPromoted(field, model, store)];
  if (isHubName(model) || isHere(model)) return [];
  return [mistake(field, model, EXPECTED_BASE)];
}

const isHubName = (model: string) =>
  /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/.test(model) && !model.startsWith('models/') && !existsSync(model);
const EXPECTED_BASE = 'expected a folder with a Hugging Face checkpoint (config.json) or a hub name like org/model';

/** What is promoted has got its path by now. */
function notPromoted(field: string, model: string, store: Keys): InputIssue {
  return mistake(field, model, `expected a name that a fine-tune promoted: ${promotedNames(store)}`);
}

export function checkQuestions(field: string, config: QuestionsConfig): InputIssue[] {
  if (config.source === 'hub') return checkToken(`${field}.tokenEnv`, config.tokenEnv);
  try {
    localFiles(config);
    return [];
  } catch (error) {
    if (!(error instanceof Failure) || !('path' in config)) throw error;
    return [mistake(`${field}.path`, config.path, `expected a file or a folder: ${error.message}`)];
  }
}

export function checkToken(field: string, name: string | undefined): InputIssue[] {
  if (!name || process.env[name]) return [];
  return [{ field, message: 'expected the name of a variable that is set where this is read' }];
}

export function checkTriples(field: string, config: TriplesConfig): InputIssue[] {
  return 'path' in config ? checkFile(`${field}.path`, config.path) : [];
}

function checkFile(field: string, path: string): InputIssue[] {
  return isFile(resolve(path)) ? [] : [mistake(field, path, 'expected a file: there is none')];
}

export function checkSplit(field: string, config: QuestionsConfig): InputIssue[] {
  if (!('split' in config) || config.split === 'train') return [];
  return [{ field: `${field}.split`, message: 'got "test", expected "train": the test split is only for "test"' }];
}

export function checkSolutions(reason: QuestionsConfig): InputIssue[] {
  if (!('answers' in reason) || reason.answers !== 'plain' || reason.fields.solution) return [];
  const message =
    'got "plain", expected worked solutions to train on: "gsm8k" or "math", or "fields" with a "solution"';
  return [{ field: 'reason.answers', message }];
}
