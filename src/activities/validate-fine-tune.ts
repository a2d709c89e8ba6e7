import { datasetName } from '../backends/datasets/index.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { FineTune, type FineTuneConfig, type FineTuneInput } from '../config/fine-tune.ts';
import { checkFineTune } from './check-fine-tune.ts';
import { promotedAs, standsAgainst } from './promotions.ts';
import { claimRun, expectValid, type ValidateDeps, type ValidatedRun } from './validate-input.ts';

export interface ValidatedFineTune extends ValidatedRun<FineTuneConfig> {
  /** The checkpoint that the new one stands against, as run files name it; null without an evaluation. */
  against: string | null;
}

/** The first step of a fine-tune, as `validateInput` is of other runs. */
export async function validateFineTune(deps: ValidateDeps, input: unknown): Promise<ValidatedFineTune> {
  const config = expectValid(await checkFineTune(input, deps.store));
  const { evaluation, base, data } = config;
  const run = await claimRun(deps, FineTune, config, {
    model: base,
    dataset: evaluation ? datasetName(evaluation.questions) : data[0]!,
  });
  return { ...run, against: evaluation && (await against(deps.store, run.folder, input as FineTuneInput)) };
}

/** A run that goes on compares with what it began with, even where its own checkpoint has been promoted since. */
async function against(store: Store, folder: string, { evaluation, promote, base }: FineTuneInput): Promise<string> {
  const asked = evaluation?.against ?? (promote ? promotedAs(promote.as) : base);
  const key = `${folder}/against.json`;
  const known = await readJson<{ asked: string; model: string }>(store, key);
  if (known?.asked === asked) return known.model;
  const model = await standsAgainst({ against: evaluation?.against, promote, base }, store);
  await writeJson(store, key, { asked, model });
  return model;
}
