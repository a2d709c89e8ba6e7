import type { Store } from '../backends/storage/store.ts';
import { FineTune, type FineTuneConfig } from '../config/fine-tune.ts';
import { type InputIssue, type Parsed, parseInput } from '../config/parse.ts';
import { checkBase, checkQuestions, checkServed, locateFiles, locateModels } from './check-input.ts';
import { standsAgainst } from './promotions.ts';
import { checkData } from './training-rows.ts';

/** The same for `fineTune` as `checkSelfImprove`. */
export function checkFineTune(input: unknown, store: Pick<Store, 'path'>): Parsed<FineTuneConfig> {
  const parsed = parseInput(FineTune, input);
  if (parsed.issues) return parsed;
  const { base: named, data, evaluation, promote } = parsed.value;
  locateModels([parsed.value, evaluation?.actor], store);
  locateFiles([evaluation?.questions], store);
  const issues = [
    ...checkBase('base', parsed.value.base, store),
    ...checkData('data', data, store),
    ...(evaluation ? checkEvaluation(evaluation, named, promote, store) : []),
  ];
  return issues.length > 0 ? { issues } : parsed;
}

function checkEvaluation(
  { actor, questions, endpoint, against, maxTokens }: NonNullable<FineTuneConfig['evaluation']>,
  base: string,
  promote: FineTuneConfig['promote'],
  store: Pick<Store, 'path'>,
): InputIssue[] {
  const other = { model: standsAgainst({ against, promote, base }, store), endpoint, maxTokens };
  locateModels([other], store);
  return [
    ...checkServed('evaluation.against', other, store),
    ...(actor ? checkServed('evaluation.actor.model', actor, store) : []),
    ...checkQuestions('evaluation.questions', questions),
  ];
}
