import type { Store } from '../backends/storage/store.ts';
import { Questions } from '../config/datasets.ts';
import { EvaluatedActor, PricedCritic } from '../config/models.ts';
import { type InputIssue, type Parsed, parseInput } from '../config/parse.ts';
import { SelfTalk, type SelfTalkConfig } from '../config/self-talk.ts';
import {
  checkAllQuestions,
  checkBase,
  checkServed,
  checkSplit,
  fieldsOf,
  locateModels,
  rightOnes,
} from './check-input.ts';
import { checkData } from './training-rows.ts';

type Parts = Partial<Pick<SelfTalkConfig, 'actor' | 'critic' | 'questions' | 'smoother' | 'training' | 'evaluation'>>;

/** The same for `selfTalk` as `checkSelfImprove`. */
export async function checkSelfTalk(input: unknown, store: Store): Promise<Parsed<SelfTalkConfig>> {
  const parsed = parseInput(SelfTalk, input);
  const parts: Parts = parsed.value ?? readParts(input);
  const { actor, critic, questions, training, evaluation } = parts;
  const smoother = parts.smoother?.source === 'model' ? parts.smoother : null;
  await locateModels([actor, critic, smoother, training], store);
  const served = Object.entries({ actor, critic, smoother }).map(([field, model]) =>
    model ? checkServed(`${field}.model`, model, store) : [],
  );
  const issues: InputIssue[] = [
    ...(parsed.issues ?? []),
    ...(await Promise.all(served)).flat(),
    ...(await checkAllQuestions({ questions, 'evaluation.questions': evaluation?.questions }, store)),
    ...(questions ? checkSplit('questions', questions) : []),
    ...(training ? await checkBase('training.base', training.base, store) : []),
    ...(training ? await checkData('training.data', training.data, store) : []),
  ];
  return issues.length > 0 ? { issues } : parsed;
}

function readParts(input: unknown): Parts {
  const raw = fieldsOf(input);
  const { smoother, training, evaluation } = SelfTalk.shape;
  return rightOnes({
    actor: parseInput(EvaluatedActor, raw.actor),
    critic: parseInput(PricedCritic, raw.critic),
    questions: parseInput(Questions, raw.questions),
    smoother: parseInput(smoother, raw.smoother),
    training: parseInput(training, raw.training),
    evaluation: parseInput(evaluation, raw.evaluation),
  });
}
