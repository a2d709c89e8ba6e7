import { workflowInfo } from '@temporalio/workflow';
import type { FineTuneResult } from '../activities/submit-fine-tune.ts';
import type { FineTuneInput } from '../config/fine-tune.ts';
import { submitFineTune, validateFineTune } from './activities.ts';
import { rootFailure } from './failures.ts';

/** One fine-tune of an actor or critic, from rows to a checkpoint. */
export async function fineTune(input: FineTuneInput): Promise<FineTuneResult & { run: string }> {
  try {
    return await trainFrom(input);
  } catch (error) {
    throw rootFailure(error);
  }
}

async function trainFrom(input: FineTuneInput): Promise<FineTuneResult & { run: string }> {
  const { folder, config, data } = await validateFineTune.executeWithOptions({ summary: 'validate the input' }, [
    input,
  ]);
  const result = await submitFineTune.executeWithOptions({ summary: `fine-tune ${config.base}` }, [
    {
      output: `${folder}/fine-tune`,
      name: folder.replace(/^runs\//, ''),
      base: config.base,
      data: data.uri,
      seed: config.seed,
      training: config.training,
    },
  ]);
  return { run: workflowInfo().workflowId, ...result };
}
