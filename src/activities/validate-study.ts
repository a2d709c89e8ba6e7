import { datasetName } from '../backends/datasets/index.ts';
import { Study, type StudyConfig } from '../config/study.ts';
import { checkStudy } from './check-study.ts';
import { type StudyStep, stepsOf } from './study/steps.ts';
import { claimRun, expectValid, type ValidateDeps, type ValidatedRun } from './validate-input.ts';

export interface ValidatedStudy extends ValidatedRun<StudyConfig> {
  steps: StudyStep[];
}

/** The same for `study`; also gives its steps. */
export async function validateStudy(deps: ValidateDeps, input: unknown): Promise<ValidatedStudy> {
  const config = expectValid(await checkStudy(input, deps.store));
  const run = await claimRun(deps, Study, config, { model: config.actor.base, dataset: datasetName(config.questions) });
  return { ...run, steps: stepsOf(config) };
}
