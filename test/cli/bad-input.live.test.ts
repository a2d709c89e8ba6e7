import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../support/bench.ts';
import { FakeOpenAi } from '../support/fake-openai.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);
const execute = promisify(execFile);

/** A field of the input as a path, and what stands there; undefined takes it away. */
type Change = readonly [path: string, value: unknown];

/** [what is wrong, how, every text that the message has to have] */
const BAD: readonly (readonly [string, readonly Change[], readonly string[]])[] = [
  ['a word for a number', [['iterations', 'two']], ['iterations: got "two", expected a number']],
  ['half an iteration', [['iterations', 1.5]], ['iterations: got 1.5, expected a whole number']],
  ['less than no iterations', [['iterations', -1]], ['iterations: got -1, expected at least 0']],
  ['no samples', [['samples', 0]], ['samples: got 0, expected at least 1']],
  [
    'no questions',
    [['questions', { source: 'arithmetic', split: 'train', count: 0 }]],
    ['questions.count: got 0, expected at least 1'],
  ],
  ['a negative batch', [['training', { batchSize: -4 }]], ['training.batchSize: got -4, expected at least 1']],
  ['no learning rate', [['training', { learningRate: 0 }]], ['training.learningRate: got 0, expected more than 0']],
  ['a missing field', [['actor.base', undefined]], ['actor.base: is missing, expected a text']],
  ['a missing test set', [['test', undefined]], ['test: is missing']],
  ['no word about a critic', [['critic', undefined]], ['critic: is missing', 'or null for no critic']],
  ['a misspelt field', [['sample', 4]], ['sample: is not a known field', 'check its spelling']],
  ['a misspelt field deep inside', [['data', { betta: 2 }]], ['data.betta: is not a known field']],
  [
    'an unknown prompt family',
    [['actor.promptFamily', 'llama']],
    ['actor.promptFamily: got "llama", expected "base" or "llama-3-instruct" or', '"chatml" or "chat"'],
  ],
  [
    'an unknown gate',
    [['evaluation', { gate: 'never' }]],
    ['evaluation.gate: got "never", expected "always" or "verdict" or "oracle"'],
  ],
  ['an unknown trainer', [['training', { backend: 'magic' }]], ['training.backend: got "magic"', '"trl"']],
  [
    'an unknown source of questions',
    [['questions', { source: 'math-qa' }]],
    ['questions.source: got "math-qa", expected', '"arithmetic", "gsm8k", "math", "file" or "hub"'],
  ],
  [
    'samples that would all be the same',
    [['actor.temperature', 0]],
    ['samples: got 2, expected 1 at actor.temperature 0, where all would be the same'],
  ],
  [
    'critiques that would all be the same',
    [['critiques', 3]],
    ['critiques: got 3, expected 1 at critic.temperature 0'],
  ],
  [
    'more kept than made',
    [['keptPerCritique', 2]],
    ['keptPerCritique: got 2, expected at most refinementsPerCritique (1)'],
  ],
  ['too hot', [['actor.temperature', 7]], ['actor.temperature: got 7, expected at most 2']],
  [
    'a file that is not there',
    [['test', { source: 'file', path: 'nowhere/test.jsonl' }]],
    ['test.path: got "nowhere/test.jsonl", expected a file or a folder: there is no file /'],
  ],
  [
    'a pattern that matches nothing',
    [['test', { source: 'math', split: 'test', path: 'nowhere/*.parquet' }]],
    ['test.path: got "nowhere/*.parquet", expected a file or a folder: there is no file that matches /'],
  ],
  [
    'a dataset that can be none of the hub',
    [['test', { source: 'hub', name: 'MATH-500', files: 'test.jsonl' }]],
    ['test.name: got "MATH-500", expected the name of a dataset on the hub, like openai/gsm8k'],
  ],
  [
    'a token where its name belongs',
    [['test', { source: 'hub', name: 'org/data', files: '*.parquet', tokenEnv: 'hf_abc123' }]],
    ['test.tokenEnv: expected the NAME of an environment variable, not a token'],
  ],
  [
    'a token that is not there',
    [['test', { source: 'hub', name: 'org/data', files: '*.parquet', tokenEnv: 'NO_SUCH_TOKEN' }]],
    ['test.tokenEnv: expected the name of a variable that is set'],
  ],
  [
    'a subject that MATH does not have',
    [['questions', { source: 'math', split: 'train', subjects: ['Topology'] }]],
    ['questions.subjects.0: got "Topology", expected "Algebra" or'],
  ],
  [
    'a seed for no sample',
    [['questions', { source: 'gsm8k', split: 'train', seed: 1 }]],
    ['questions.count: is missing, expected with "seed": how many questions to draw'],
  ],
  [
    'levels that no field has',
    [['questions', { source: 'file', path: 'package.json', levels: [5] }]],
    ['questions.fields.level: is missing, expected with "levels"'],
  ],
  [
    'triples that are not there',
    [['refine', { source: 'alpaca', path: 'nowhere.json' }]],
    ['refine.path: got "nowhere.json"'],
  ],
  [
    'a model folder that is not there',
    [['actor.base', './nowhere']],
    ['actor.base: got "./nowhere", expected a folder with a Hugging Face checkpoint'],
  ],
  ['a way out of the folder', [['actor.base', '../../etc']], ['actor.base: got "../../etc"', '".."']],
  [
    'a critic that nobody serves',
    [['critic', { model: 'org/critic' }]],
    ['critic.model: got "org/critic"', '"endpoint"'],
  ],
  [
    'an endpoint that is no URL',
    [['actor.endpoint', { baseUrl: 'localhost:8000' }]],
    ['actor.endpoint.baseUrl: got "localhost:8000"', 'http or https URL'],
  ],
  [
    'a key where its name belongs',
    [['actor.endpoint', { baseUrl: 'http://localhost:8000/v1', apiKeyEnv: 'sk-abc123' }]],
    ['actor.endpoint.apiKeyEnv', 'the NAME of an environment variable'],
  ],
  ['training on the test split', [['questions.split', 'test']], ['questions.split: got "test", expected "train"']],
  [
    'answers without solutions to train on',
    [['reason', { source: 'file', path: 'package.json', answers: 'plain' }]],
    ['reason.answers: got "plain", expected worked solutions'],
  ],
  [
    'four mistakes',
    [
      ['samples', 0],
      ['iterations', 'x'],
      ['actor.maxTokens', -5],
      ['typo', 1],
    ],
    ['samples: ', 'iterations: ', 'actor.maxTokens: ', 'typo: '],
  ],
];

/** Inputs that are no object at all. */
const NOT_OBJECTS = ['"runs/demo.json"', '[]', 'null', '3'];

const temporal = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  await execute(temporalCli, [...args, '--address', temporalAddress]).then(
    (output) => ({ code: 0, ...output }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

/** What `temporal workflow result -o json` says of a failed run. */
interface Result {
  status: string;
  closeEvent: {
    workflowExecutionFailedEventAttributes: {
      failure: { message: string; stackTrace?: string; applicationFailureInfo: { type: string } };
    };
  };
}

/** Starts a run as a user does, and gives the message of its failure. READ_ALOUD=1 prints them all. */
async function startAndFail(id: string, ...input: string[]): Promise<string> {
  const started = await temporal(
    'workflow',
    'start',
    '--type',
    'selfImprove',
    '--task-queue',
    'critique-loop',
    '--workflow-id',
    id,
    ...input,
  );
  expect(started).toMatchObject({ code: 0 });
  const { code, stdout } = await temporal('workflow', 'result', '--workflow-id', id, '-o', 'json');
  const { status, closeEvent } = JSON.parse(stdout) as Result;
  const { message, stackTrace, applicationFailureInfo } = closeEvent.workflowExecutionFailedEventAttributes.failure;
  expect({ code, status, type: applicationFailureInfo.type }).toEqual({
    code: 1,
    status: 'FAILED',
    type: 'InvalidInput',
  });
  expect(stackTrace ?? '').toBe('');
  if (process.env.READ_ALOUD) process.stdout.write(`${message}\n`);
  return message;
}

function set(input: object, [path, value]: Change): void {
  const names = path.split('.');
  const last = names.pop()!;
  let place = input as Record<string, unknown>;
  for (const name of names) place = place[name] as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else place[last] = value;
}

/** Which activities a run asked for. */
async function activitiesOf(id: string): Promise<string[]> {
  const { events } = await bench.client.workflow.getHandle(id).fetchHistory();
  return events!.flatMap(({ activityTaskScheduledEventAttributes: it }) =>
    it?.activityType?.name ? [it.activityType.name] : [],
  );
}

let fake: FakeOpenAi;
beforeAll(async () => {
  fake = await FakeOpenAi.start({ questions: [] });
  return () => fake.close();
});

describe('an input with a mistake, through the Temporal CLI', () => {
  it.each(BAD.map(([what, changes, texts], index) => ({ what, changes, texts, id: `bad-${index}` })))(
    '$what',
    async ({ changes, texts, id }) => {
      const input = bench.input(fake);
      for (const change of changes) set(input, change);
      const file = join(bench.folder, `${id}.json`);
      await writeFile(file, JSON.stringify(input));
      const message = await startAndFail(id, '--input-file', file);
      for (const text of texts) expect(message).toContain(text);
      expect(await activitiesOf(id)).toEqual(['validateInput']);
      expect(existsSync(bench.workers.store.path(`runs/${id}`))).toBe(false);
    },
  );

  it.each(NOT_OBJECTS)('%s is not an object', async (text) => {
    const id = `bad-${text.replace(/\W+/g, '_')}`;
    const message = await startAndFail(id, '--input', text);
    expect(message).toContain('(the input): ');
    expect(await activitiesOf(id)).toEqual(['validateInput']);
  });

  it('no input at all', async () => {
    const message = await startAndFail('bad-none');
    expect(message).toContain('(the input): is missing');
  });

  it.each([
    [
      'a line that is not JSON',
      '{"question": "1+1?", "answer": "2\\n#### 2"}\n{"question"',
      'test.jsonl, line 2: expected a JSON object',
    ],
    [
      'a field of another name',
      '{"q": "1+1?", "answer": "2\\n#### 2"}\n',
      'test.jsonl, line 1: expected a text in "question", got only q, answer',
    ],
    [
      'an answer without its mark',
      '{"question": "1+1?", "answer": "it is two"}\n',
      'test.jsonl, line 1: "answer" has no answer after "#### "',
    ],
    ['a file of nothing', '\n\n', 'the dataset has no rows'],
  ])('a dataset with %s: told before anything is generated', async (what, text, expected) => {
    const id = `bad-rows-${what.replace(/\W+/g, '-')}`;
    const folder = join(bench.folder, id);
    await mkdir(folder);
    await writeFile(join(folder, 'test.jsonl'), text);
    const input = { ...bench.input(fake), test: { source: 'file', path: join(folder, 'test.jsonl') } };
    await writeFile(join(folder, 'run.json'), JSON.stringify(input));
    const message = await startAndFail(id, '--input-file', join(folder, 'run.json'));
    expect(message).toMatch(/^invalid input: test: /);
    expect(message).toContain(expected);
    expect(await activitiesOf(id)).toEqual(['validateInput', 'loadDatasets']);
    expect((await readdir(bench.workers.store.path(`runs/${id}`))).sort()).toEqual(['datasets', 'run.json']);
  });

  it('nothing was asked of an engine or a trainer', () => {
    expect(fake.requests).toEqual([]);
    expect(bench.workers.training.submitted).toEqual([]);
    expect(new Set(bench.workers.started)).toEqual(new Set(['validateInput', 'loadDatasets']));
  });
});
