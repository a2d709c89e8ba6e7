import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { localFiles } from '../backends/datasets/index.ts';
import { Failure } from '../backends/failures.ts';
import { CONFIGS, findModel } from '../backends/models.ts';
import { readJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { findStored } from '../backends/storage/stored.ts';
import { Questions, type QuestionsConfig, Triples, type TriplesConfig } from '../config/datasets.ts';
import { Evaluate, type EvaluateConfig } from '../config/evaluate.ts';
import { Actor, type CriticConfig, EvaluatedActor, PricedCritic } from '../config/models.ts';
import { type InputIssue, mistake, type Parsed, parseInput } from '../config/parse.ts';
import { LoopCritic, type RetrainConfig, SelfImprove, type SelfImproveConfig } from '../config/self-improve.ts';
import { findPromoted, isPromoted, promotedNames } from './promotions.ts';
import { checkData, isFile } from './training-rows.ts';

/**
 * Parses a run file and looks for what it names on this machine and in the store. Every mistake at once, before any GPU time. What it
 * names in the store stays a key, as `runs/my-run/iteration-2/fine-tune/checkpoint`: whoever needs it may be on another machine.
 */
export async function checkSelfImprove(input: unknown, store: Store): Promise<Parsed<SelfImproveConfig>> {
  const parsed = parseInput(SelfImprove, input);
  const parts = parsed.value ?? readParts(input);
  await locateModels([parts.actor, parts.critic, parts.critic?.retrain], store);
  const issues = [...(parsed.issues ?? []), ...(await checkParts(parts, store))];
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

async function checkParts(
  { actor, critic, questions, reason, test, refine }: Parts,
  store: Store,
): Promise<InputIssue[]> {
  return [
    ...(actor ? await checkBase('actor.base', actor.base, store) : []),
    ...(actor ? await checkContext('actor.maxTokens', actor.maxTokens, actor.base, store) : []),
    ...(critic ? await checkServed('critic.model', critic, store) : []),
    ...(critic?.retrain ? await checkRetraining(critic.retrain, critic.model, store) : []),
    ...(await checkAllQuestions({ questions, reason, test }, store)),
    ...(refine ? await checkTriples('refine', refine, store) : []),
    ...Object.entries({ questions, reason }).flatMap(([field, part]) => (part ? checkSplit(field, part) : [])),
    ...(reason ? checkSolutions(reason) : []),
  ];
}

async function checkRetraining({ base, data }: RetrainConfig, model: string, store: Store): Promise<InputIssue[]> {
  return [
    ...(await checkBase('critic.retrain.base', base ?? model, store)),
    ...(await checkData('critic.retrain.data', data, store)),
  ];
}

/** The same for `evaluate`. */
export async function checkEvaluate(input: unknown, store: Store): Promise<Parsed<EvaluateConfig>> {
  const parsed = parseInput(Evaluate, input);
  const config = parsed.value ?? readEvaluateParts(input);
  await locateModels([config.actor, config.critic], store);
  const issues = [
    ...(parsed.issues ?? []),
    ...(config.actor ? await checkServed('actor.model', config.actor, store) : []),
    ...(config.critic ? await checkServed('critic.model', config.critic, store) : []),
    ...(config.questions ? await checkQuestions('questions', config.questions, store) : []),
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

/** Gives models that are in the store their keys there: `runs/...`, also for what a fine-tune promoted. */
export async function locateModels(
  models: readonly ({ model: string } | { base?: string | undefined } | null | undefined)[],
  store: Store,
): Promise<void> {
  for (const model of models) {
    if (!model) continue;
    if ('model' in model) model.model = await locate(model.model, store);
    else if (model.base !== undefined) model.base = await locate(model.base, store);
  }
}

async function locate(name: string, store: Store): Promise<string> {
  const key = isPromoted(name) ? (await findPromoted(name, store))?.uri : await findStored(store, name);
  return key ?? name;
}

/** A worker's own engine fetches nothing but from the store, so what else it serves is on this machine. */
export async function checkServed(
  field: string,
  { model, endpoint, maxTokens }: Pick<CriticConfig, 'model' | 'endpoint'> & { maxTokens?: number | undefined },
  store: Store,
): Promise<InputIssue[]> {
  if (isPromoted(model)) return [await notPromoted(field, model, store)];
  if (await isHere(model, store)) return checkContext(field.replace(/\w+$/, 'maxTokens'), maxTokens, model, store);
  if (endpoint) return [];
  const expected = 'expected a folder with a Hugging Face checkpoint (config.json), or an "endpoint" that serves it';
  const fetch = isHubName(model) ? `, or what \`hf download ${model}\` brings here` : '';
  return [mistake(field, model, expected + fetch)];
}

async function isHere(model: string, store: Store): Promise<boolean> {
  const key = await findStored(store, model);
  if (key === null) return findModel(model) !== null;
  const found = await Promise.all(CONFIGS.map((name) => store.holds(`${key}/${name}`)));
  return found.includes(true);
}

/** Tokens; undefined where it is not here, or its config.json does not say. */
async function contextOf(model: string, store: Store): Promise<number | undefined> {
  try {
    const key = await findStored(store, model);
    const config =
      key === null
        ? JSON.parse(await readFile(join(findModel(model)!, 'config.json'), 'utf8'))
        : await readJson<{ max_position_embeddings?: number }>(store, `${key}/config.json`);
    return config?.max_position_embeddings;
  } catch (error) {
    if (error instanceof Failure) throw error;
    return undefined;
  }
}

/** Prompt and text share a model's context: where the text alone may fill it, every request is refused. */
async function checkContext(
  field: string,
  maxTokens: number | undefined,
  model: string,
  store: Store,
): Promise<InputIssue[]> {
  const context = await contextOf(model, store);
  if (maxTokens === undefined || context === undefined || maxTokens < context) return [];
  return [mistake(field, maxTokens, `expected fewer than the ${context} tokens that are the context of ${model}`)];
}

/** What is trained from may be a hub name, too: the trainer fetches it. */
export async function checkBase(field: string, model: string, store: Store): Promise<InputIssue[]> {
  if (isPromoted(model)) return [await notPromoted(field, model, store)];
  if (isHubName(model) || (await isHere(model, store))) return [];
  return [mistake(field, model, EXPECTED_BASE)];
}

const isHubName = (model: string) =>
  /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/.test(model) && !model.startsWith('models/') && !existsSync(model);
const EXPECTED_BASE = 'expected a folder with a Hugging Face checkpoint (config.json) or a hub name like org/model';

/** What is promoted has got its key by now. */
async function notPromoted(field: string, model: string, store: Store): Promise<InputIssue> {
  return mistake(field, model, `expected a name that a fine-tune promoted: ${await promotedNames(store)}`);
}

/** @param datasets by their fields */
export async function checkAllQuestions(
  datasets: Record<string, QuestionsConfig | undefined>,
  store: Store,
): Promise<InputIssue[]> {
  const issues = Object.entries(datasets).map(([field, part]) => (part ? checkQuestions(field, part, store) : []));
  return (await Promise.all(issues)).flat();
}

export async function checkQuestions(field: string, config: QuestionsConfig, store: Store): Promise<InputIssue[]> {
  if (config.source === 'hub') return checkToken(`${field}.tokenEnv`, config.tokenEnv);
  if (!('path' in config) || config.path === undefined || (await findStored(store, config.path))) return [];
  try {
    localFiles(config);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [mistake(`${field}.path`, config.path, `expected a file or a folder: ${error.message}`)];
  }
}

export function checkToken(field: string, name: string | undefined): InputIssue[] {
  if (!name || process.env[name]) return [];
  return [{ field, message: 'expected the name of a variable that is set where this is read' }];
}

async function checkTriples(field: string, config: TriplesConfig, store: Store): Promise<InputIssue[]> {
  if (!('path' in config) || (await findStored(store, config.path)) || (await isFile(resolve(config.path)))) return [];
  return [mistake(`${field}.path`, config.path, 'expected a file: there is none')];
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
