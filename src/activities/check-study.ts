import type { Store } from '../backends/storage/store.ts';
import { Questions } from '../config/datasets.ts';
import { Actor } from '../config/models.ts';
import { type InputIssue, type Parsed, parseInput } from '../config/parse.ts';
import { Study, type StudyConfig } from '../config/study.ts';
import { checkBuildCritiques } from './check-build-critiques.ts';
import { checkFineTune } from './check-fine-tune.ts';
import {
  checkAllQuestions,
  checkBase,
  checkEvaluate,
  checkSelfImprove,
  checkServed,
  checkSolutions,
  checkSplit,
  fieldsOf,
  locateModels,
  rightOnes,
} from './check-input.ts';
import { checkSelfTalk } from './check-self-talk.ts';
import { type ChildType, STEPS, type StepName, type StepResults, stepsOf } from './study/steps.ts';

/** Parses a study, looks for what it names on this machine, and has every child's input checked as the child itself will check it. */
export async function checkStudy(input: unknown, store: Store): Promise<Parsed<StudyConfig>> {
  const parsed = parseInput(Study, input);
  const parts = parsed.value ?? readParts(input);
  await locateModels([parts.actor, parts.critic], store);
  const own = [...(parsed.issues ?? []), ...(await checkParts(parts, store))];
  // Children would only tell them again, each under another name.
  const issues = own.length > 0 ? own : await checkChildren(parsed.value!, store);
  return issues.length > 0 ? { issues } : parsed;
}

type Parts = Partial<Pick<StudyConfig, 'actor' | 'critic' | 'questions' | 'reason' | 'test'>>;

function readParts(input: unknown): Parts {
  const raw = fieldsOf(input);
  return rightOnes({
    actor: parseInput(Actor, raw.actor),
    critic: parseInput(Study.shape.critic, raw.critic),
    questions: parseInput(Questions, raw.questions),
    reason: parseInput(Questions, raw.reason),
    test: parseInput(Questions, raw.test),
  });
}

async function checkParts({ actor, critic, questions, reason, test }: Parts, store: Store): Promise<InputIssue[]> {
  return [
    ...(actor ? await checkBase('actor.base', actor.base, store) : []),
    // It is measured beside what is trained from it, so it has to be served as it is.
    ...(critic ? await checkServed('critic.base', { ...critic, model: critic.base }, store) : []),
    ...(critic?.endpoint ? await checkBase('critic.base', critic.base, store) : []),
    ...(await checkAllQuestions({ questions, reason, test }, store)),
    ...Object.entries({ questions, reason }).flatMap(([field, part]) => (part ? checkSplit(field, part) : [])),
    ...(reason ? checkSolutions(reason) : []),
  ];
}

const CHECKS: Record<ChildType, (input: unknown, store: Store) => Promise<{ issues?: InputIssue[] }>> = {
  selfImprove: checkSelfImprove,
  buildCritiques: checkBuildCritiques,
  fineTune: checkFineTune,
  selfTalk: checkSelfTalk,
  evaluate: checkEvaluate,
};

/** Stands for what is not there yet. */
const LATER = 'runs/of-an-earlier-step';
const stored = { uri: LATER, sha256: '' };
const iteration0 = { ...stored, iteration: 0 };
const selfImproved = { checkpoint: stored, checkpoints: [iteration0], datasets: [iteration0] };
const RESULTS: StepResults = {
  reason: selfImproved,
  critiques: { datasets: { critic: stored, refine: stored, selfCorrection: stored } },
  critic: { checkpoint: stored },
  loop: selfImproved,
  vanilla: selfImproved,
  'self-correction': { checkpoint: stored },
};

async function checkChildren(study: StudyConfig, store: Store): Promise<InputIssue[]> {
  const checked = stepsOf(study).map(async ({ step, type }) => {
    // Checks change what they are given: names give way to keys.
    const input = structuredClone(STEPS[step].input(study, RESULTS));
    const { issues = [] } = await CHECKS[type](input, store);
    return issues
      .filter(({ message }) => !message.includes(LATER))
      .map(({ field, message }) => ({ field: fieldOfStudy(study, step, field), message }));
  });
  const issues = (await Promise.all(checked)).flat();
  return [...new Map(issues.map((issue) => [`${issue.field}: ${issue.message}`, issue])).values()];
}

/** Where a study has the fields of a child, if not under the same name. */
const SECTIONS: Partial<Record<ChildType, 'critiques' | 'evaluation' | 'selfTalk'>> = {
  buildCritiques: 'critiques',
  evaluate: 'evaluation',
  selfTalk: 'selfTalk',
};

/** What a child's field is called in the study's file. */
function fieldOfStudy(study: StudyConfig, step: StepName, field: string): string {
  const { type } = STEPS[step];
  const [head = ''] = field.split('.');
  const section = SECTIONS[type];
  if (section && head in fieldsOf(study[section])) return `${section}.${field}`;
  if (type === 'evaluate' && head === 'questions') return field.replace('questions', 'test');
  if (type === 'evaluate' && head === 'sequential') return 'evaluation.rounds';
  return type === 'selfImprove' || head in study ? field : `${step}.${field}`;
}
