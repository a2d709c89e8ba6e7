import { datasetName } from '../backends/datasets/index.ts';
import { BuildCritiques, type BuildCritiquesConfig } from '../config/build-critiques.ts';
import { checkBuildCritiques } from './check-build-critiques.ts';
import { claimRun, expectValid, type ValidateDeps, type ValidatedRun } from './validate-input.ts';

/** The first step of `buildCritiques`, as `validateInput` is of other runs. */
export async function validateBuildCritiques(
  deps: ValidateDeps,
  input: unknown,
): Promise<ValidatedRun<BuildCritiquesConfig>> {
  const config = expectValid(await checkBuildCritiques(input, deps.store));
  return await claimRun(deps, BuildCritiques, config, {
    model: config.actor.model,
    dataset: datasetName(config.questions),
  });
}
