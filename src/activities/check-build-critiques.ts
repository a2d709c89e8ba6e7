import type { Store } from '../backends/storage/store.ts';
import { BuildCritiques, type BuildCritiquesConfig } from '../config/build-critiques.ts';
import type { CriticConfig } from '../config/models.ts';
import { type InputIssue, type Parsed, parseInput } from '../config/parse.ts';
import {
  checkQuestions,
  checkServed,
  checkSplit,
  checkToken,
  fieldsOf,
  locateModels,
  rightOnes,
} from './check-input.ts';

type Parts = Partial<Pick<BuildCritiquesConfig, 'actor' | 'annotator' | 'flaws' | 'questions' | 'push'>>;

/** As `checkSelfImprove`, for `buildCritiques`. */
export async function checkBuildCritiques(input: unknown, store: Store): Promise<Parsed<BuildCritiquesConfig>> {
  const parsed = parseInput(BuildCritiques, input);
  const parts = parsed.value ?? readParts(input);
  const models = modelsOf(parts);
  await locateModels(Object.values(models), store);
  const served = Object.entries(models).map(([field, model]) => checkServed(`${field}.model`, model, store));
  const issues: InputIssue[] = [
    ...(parsed.issues ?? []),
    ...(await Promise.all(served)).flat(),
    ...(parts.questions ? await checkQuestions('questions', parts.questions, store) : []),
    ...(parts.questions ? checkSplit('questions', parts.questions) : []),
    ...(parts.push ? checkToken('push.tokenEnv', parts.push.tokenEnv) : []),
  ];
  return issues.length > 0 ? { issues } : parsed;
}

function readParts(input: unknown): Parts {
  const raw = fieldsOf(input);
  const { actor, annotator, flaws, questions, push } = BuildCritiques.shape;
  return rightOnes({
    actor: parseInput(actor, raw.actor),
    annotator: parseInput(annotator, raw.annotator),
    flaws: parseInput(flaws, raw.flaws),
    questions: parseInput(questions, raw.questions),
    push: parseInput(push, raw.push),
  });
}

/** Every model that a run asks, by the field that names it. */
export function modelsOf({
  actor,
  annotator,
  flaws,
}: Pick<Parts, 'actor' | 'annotator' | 'flaws'>): Record<string, CriticConfig> {
  const writer = flaws?.rg3?.writer;
  return {
    ...(actor && { actor }),
    ...(annotator?.source === 'model' && { annotator }),
    ...(writer?.source === 'model' && { 'flaws.rg3.writer': writer }),
  };
}
