import { activityInfo } from '@temporalio/activity';
import { datasetName } from '../backends/datasets/index.ts';
import { Failure } from '../backends/failures.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import { runFolder } from '../backends/storage/runs.ts';
import type { Store } from '../backends/storage/store.ts';
import { Evaluate, type EvaluateConfig } from '../config/evaluate.ts';
import { formatIssues, type InputSchema, type Parsed, parseInput } from '../config/parse.ts';
import { SelfImprove, type SelfImproveConfig } from '../config/self-improve.ts';
import { checkEvaluate, checkSelfImprove } from './check-input.ts';
import { canonical } from './study/content-hash.ts';

export interface ValidatedRun<Config> {
  /** The run's folder in the store. */
  folder: string;
  config: Config;
  labels: { model: string; dataset: string };
  warnings: string[];
  /** Whether the namespace knows our search attributes. */
  searchAttributes: boolean;
}

export interface ValidateDeps {
  store: Store;
  hasSearchAttributes: () => Promise<boolean>;
}

/**
 * The first step of every run: parses the input, claims the run's folder, and gives the input with every default filled in.
 * @throws Failure InvalidInput with every mistake; StoreConflict where the folder holds another input's results
 */
export async function validateInput(deps: ValidateDeps, input: unknown): Promise<ValidatedRun<SelfImproveConfig>> {
  const config = expectValid(await checkSelfImprove(input, deps.store));
  const labels = { model: config.actor.base, dataset: datasetName(config.questions) };
  const run = await claimRun(deps, SelfImprove, config, labels);
  if (config.critic === null && config.evaluation.withCritic) config.evaluation.withCritic = false;
  return run;
}

/** The same for `evaluate`. */
export async function validateEvaluate(deps: ValidateDeps, input: unknown): Promise<ValidatedRun<EvaluateConfig>> {
  const config = expectValid(await checkEvaluate(input, deps.store));
  const labels = { model: config.actor.model, dataset: datasetName(config.questions) };
  return await claimRun(deps, Evaluate, config, labels);
}

/** @param schema of the run's input */
export async function claimRun<Config extends object>(
  deps: ValidateDeps,
  schema: InputSchema<Config>,
  config: Config,
  labels: ValidatedRun<Config>['labels'],
): Promise<ValidatedRun<Config>> {
  const folder = await claimFolder(deps.store, schema, config);
  const searchAttributes = await deps.hasSearchAttributes();
  const warnings: string[] = [];
  if (!searchAttributes)
    warnings.push(
      'the search attributes are not registered in this namespace: `npx critique-loop setup-namespace` does it',
    );
  return { folder, config, labels, warnings, searchAttributes };
}

export function expectValid<T>(parsed: Parsed<T>): T {
  if (parsed.issues) throw new Failure('InvalidInput', `invalid input: ${formatIssues(parsed.issues)}`);
  return parsed.value;
}

/**
 * One folder per workflow ID. A run that is started again with the same ID and input goes on from its rows;
 * with another input it would mix two runs, so it is refused. What an older version wrote there may lack what has a default now.
 */
export async function claimFolder<Config extends object>(
  store: Store,
  schema: InputSchema<Config>,
  config: Config,
): Promise<string> {
  const { workflowId } = activityInfo().workflowExecution!;
  const folder = runFolder(workflowId);
  const key = `${folder}/run.json`;
  const claimed = await readJson<{ config: object }>(store, key);
  if (claimed === null || !(await hasResults(store, folder))) {
    await writeJson(store, key, { workflowId, config });
    return folder;
  }
  const before = parseInput(schema, claimed.config).value ?? claimed.config;
  // Older versions wrote paths where there are keys now.
  const [one, other] = [before, config].map((it) => whatRowsDependOn(it).replaceAll(`"${store.root}/`, '"'));
  if (one !== other)
    throw new Failure(
      'StoreConflict',
      `${store.locate(folder)} holds the results of another input of workflow ID "${workflowId}": ` +
        'take another ID, or remove that folder to start over',
    );
  await writeJson(store, key, { workflowId, config });
  return folder;
}

/** How much may be spent, what is measured of the rows and where they go can be changed in a run that is started again. */
function whatRowsDependOn(config: object): string {
  return canonical({ ...config, costLimit: undefined, ks: undefined, minYield: undefined, push: undefined });
}

/** What each workflow leaves first of what can't be had again for nothing. */
const FIRST_RESULTS = ['iteration-0/selection.json', 'fine-tune/job.json', 'greedy', 'sample', 'chains'];

/** A run that failed before its first rows has nothing to protect: its ID may be used again with a corrected input. */
async function hasResults(store: Store, folder: string): Promise<boolean> {
  const first = await Promise.all(FIRST_RESULTS.map((key) => store.holds(`${folder}/${key}`)));
  return first.some((held) => held);
}
