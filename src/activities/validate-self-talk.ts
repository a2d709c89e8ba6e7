import { datasetName } from '../backends/datasets/index.ts';
import { SelfTalk, type SelfTalkConfig } from '../config/self-talk.ts';
import { checkSelfTalk } from './check-self-talk.ts';
import { claimRun, expectValid, type ValidateDeps, type ValidatedRun } from './validate-input.ts';

/** The same for `selfTalk` as `validateInput`. */
export async function validateSelfTalk(deps: ValidateDeps, input: unknown): Promise<ValidatedRun<SelfTalkConfig>> {
  const config = expectValid(await checkSelfTalk(input, deps.store));
  return await claimRun(deps, SelfTalk, config, { model: config.actor.model, dataset: datasetName(config.questions) });
}
