import type { Store } from '../backends/storage/store.ts';
import { FineTune, type FineTuneConfig } from '../config/fine-tune.ts';
import { type InputIssue, type Parsed, parseInput } from '../config/parse.ts';
import { checkBase, checkQuestions, checkServed, locateModels } from './check-input.ts';
import { standsAgainst } from './promotions.ts';
import { checkData } from './training-rows.ts';

/** The same for `fineTune` as `checkSelfImprove`. */
export async function checkFineTune(input: unknown, store: Store): Promise<Parsed<FineTuneConfig>> {
  const parsed = parseInput(FineTune, input);
  if (parsed.issues) return parsed;
  const { base: named, data, evaluation, promote } = parsed.value;
  await locateModels([parsed.value, evaluation?.actor], store);
  const issues = [
    ...(await checkBase('base', parsed.value.base, store)),
    ...(await checkData('data', data, store)),
    ...(evaluation ? await checkEvaluation(evaluation, named, promote, store) : []),
  ];
  return issues.length > 0 ? { issues } : parsed;
}

async function checkEvaluation(
  { actor, questions, endpoint, against, maxTokens }: NonNullable<FineTuneConfig['evaluation']>,
  base: string,
  promote: FineTuneConfig['promote'],
  store: Store,
): Promise<InputIssue[]> {
  const other = { model: await standsAgainst({ against, promote, base }, store), endpoint, maxTokens };
  await locateModels([other], store);
  return [
    ...(await checkServed('evaluation.against', other, store)),
    ...(actor ? await checkServed('evaluation.actor.model', actor, store) : []),
    ...(await checkQuestions('evaluation.questions', questions, store)),
  ];
}
