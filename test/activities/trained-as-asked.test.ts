import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { generateCritiques } from '../../src/activities/generate-critiques.ts';
import { refineResponses } from '../../src/activities/refine-responses.ts';
import { sampleResponses } from '../../src/activities/sample-responses.ts';
import type { ShardResult } from '../../src/activities/shard.ts';
import type { GradeRequest, Grader } from '../../src/backends/grading/grader.ts';
import type { Engine } from '../../src/backends/inference/engine.ts';
import { createEngines } from '../../src/backends/inference/engines.ts';
import { type ArtifactRef, readRows, writeRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { Actor, Critic } from '../../src/config/models.ts';
import { Oracle } from '../../src/config/oracle.ts';
import { gradeResponse } from '../../src/method/answers/grade.ts';
import { PROMPT_FAMILIES, type PromptFamilyName } from '../../src/method/prompts/index.ts';
import { PRIMER } from '../../src/method/prompts/text.ts';
import type { AnswerFormat, Attempt } from '../../src/method/rows.ts';
import { startSelection } from '../../src/method/select.ts';
import { critiqueRow, type SftRow } from '../../src/method/sft.ts';
import { aQuestion, ONLY_EXPLORED } from '../support/attempts.ts';
import { temporaryFolder } from '../support/folder.ts';
import { completion, type Received, reply, startHttp } from '../support/http.ts';

const FAMILIES = Object.keys(PROMPT_FAMILIES) as PromptFamilyName[];

/** As models write: a primer of their own or none, white space around, text before and after. */
const WRITTEN = {
  solve: { plain: ' 2+3=6\nThe answer is 6.\n', boxed: `${PRIMER}2+3=6\nThe answer is $\\boxed{6}$.` },
  critique: 'Let me see.\n\nStep sentence: 2+3=6\nCorrectness of the step: Wrong\nExplanation: It is 5.\n\n',
  refine: { plain: `${PRIMER}2+3=5\nThe answer is 5. `, boxed: '\n2+3=5\nThe answer is $\\boxed{5}$.' },
};

const OPTIONS = { ...ONLY_EXPLORED, selfImproveFeedback: true, seed: 1 };

/** The rules, without threads. */
const RULES = {
  grade: async ({ question, responses }: GradeRequest) => ({
    grades: responses.map((response) => gradeResponse(response, question)),
    unanswered: [],
  }),
} as unknown as Grader;

const QUIET = new DefaultLogger('ERROR', () => {});

/** The end of a model's turn as it is written in its text. */
const ENDS: Record<PromptFamilyName, string> = {
  base: '',
  'llama-3-instruct': '<|eot_id|>',
  'llama-2-base': '',
  'llama-2-chat': ' </s>',
  chatml: '<|im_end|>',
  chat: '',
};

interface Deps {
  store: FolderStore;
  engine: Engine;
  grader: Grader;
}

/** One question sampled, critiqued and refined: what the engine was sent, and the row that came of it. */
async function explored(promptFamily: PromptFamilyName, answerFormat: AnswerFormat) {
  const question = aQuestion('q', { question: 'What is 2+3?', answerFormat });
  const texts = [WRITTEN.solve[answerFormat], WRITTEN.critique, WRITTEN.refine[answerFormat]];
  const sent: Received[] = [];
  const server = await startHttp((asked, response) => {
    if (asked.path === '/v1/models') return reply(response, { data: [{ id: 'actor' }, { id: 'critic' }] });
    if (asked.path === '/metrics') return reply(response, {}, 404);
    sent.push(asked);
    const answer = completion(asked) as { choices: { text?: string; message?: { content: string } }[] };
    for (const choice of answer.choices) {
      if (choice.message) choice.message.content = texts[sent.length - 1]!;
      else choice.text = texts[sent.length - 1]!;
    }
    reply(response, answer);
  });

  const store = new FolderStore(await temporaryFolder());
  const engine = createEngines({ store, env: {}, python: () => Promise.reject(new Error('no Python here')) });
  const deps: Deps = { store, engine, grader: RULES };
  const run = async <Task>(activity: (deps: Deps, task: Task) => Promise<ShardResult>, task: Task) =>
    (await new MockActivityEnvironment({}, { logger: QUIET }).run(activity, deps, task)) as ShardResult;
  const endpoint = { baseUrl: `${server.origin}/v1` };
  const actor = {
    config: Actor.parse({ base: 'base', promptFamily, endpoint }),
    checkpoint: { name: 'actor', uri: 'checkpoint', sha256: '' },
  };
  const critic = { config: Critic.parse({ model: 'critic', promptFamily, endpoint }), checkpoint: null };
  const shared = {
    run: 'run',
    shard: 0,
    seed: 3,
    gates: ['always' as const],
    temperature: 0,
    oracle: Oracle.parse({}),
  };
  const questions = await writeRows(store, 'questions.jsonl', [question]);
  const sample = { ...shared, stage: 'sample', model: actor, questions, from: 0, to: 1, samples: 1 };
  const { artifact: responses } = await run(sampleResponses, sample);
  const critique = { ...shared, stage: 'critique', model: critic, attempts: responses, critiques: 1 };
  const { artifact: critiques } = await run(generateCritiques, critique);
  const refine = { ...shared, stage: 'refine', model: actor, attempts: critiques, refinements: 1 };
  const { artifact: refined } = await run(refineResponses, refine);
  return { question, sent: sent.map(({ body }) => body), row: await onlyRow(store, refined) };
}

async function onlyRow(store: FolderStore, ref: ArtifactRef): Promise<Attempt> {
  const rows: Attempt[] = [];
  for await (const row of readRows<Attempt>(store, ref)) rows.push(row);
  expect(rows).toHaveLength(1);
  return rows[0]!;
}

/** What the trainer learns from that row, by kind. */
function trainedOn(promptFamily: PromptFamilyName, row: Attempt): Partial<Record<string, SftRow>> {
  const selection = startSelection({ ...OPTIONS, promptFamily });
  const { taken } = selection.explored({ responses: [], refinements: [row] });
  return Object.fromEntries(taken.map(({ row }) => [row.kind, row]));
}

describe.each(FAMILIES)('in the family %s, the text that is trained on is the text that is asked', (name) => {
  const family = PROMPT_FAMILIES[name];
  const asked = ({ prompt, messages }: { prompt?: string; messages?: object[] }) => prompt ?? messages;
  const said = (text: string) =>
    family.kind === 'text' ? `${text}${ENDS[name]}` : [{ role: 'assistant', content: text }];
  const primed = (text: string) => said(family.kind === 'text' ? text : `${PRIMER}${text}`);

  it.each(['plain', 'boxed'] as const)('with a %s answer', async (answerFormat) => {
    const { question, sent, row } = await explored(name, answerFormat);
    const [solve, critique, refine] = sent;
    const rows = trainedOn(name, row);
    const solution = answerFormat === 'plain' ? '2+3=5\nThe answer is 5.' : '2+3=5\nThe answer is $\\boxed{5}$.';
    const marks = 'Step sentence: 2+3=6\nCorrectness of the step: Wrong\nExplanation: It is 5.';
    const learnt = critiqueRow(name, question, row.response.text, row.critique!.text);

    for (const [row, request, answer] of [
      [rows.refined!, solve, primed(solution)],
      [rows.feedback!, refine, primed(solution)],
      [learnt, critique, said(marks)],
    ] as const) {
      expect(row.prompt).toEqual(asked(request));
      expect(row.completion).toEqual(answer);
      expect(request.stop ?? []).toEqual([...family.stop]);
    }
  });
});
