import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { runFolder } from '../../src/backends/storage/runs.ts';
import { Bench } from '../support/bench.ts';
import { aCritiquesRun } from '../support/critiques-input.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import { FakeOpenAi } from '../support/fake-openai.ts';
import { aSelfTalk } from '../support/self-talk-input.ts';
import { aStudy } from '../support/study-input.ts';
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

/** The workflows that people start, each with what it asks first. */
const VALIDATES = {
  selfImprove: 'validateInput',
  evaluate: 'validateEvaluate',
  buildCritiques: 'validateBuildCritiques',
  fineTune: 'validateFineTune',
  selfTalk: 'validateSelfTalk',
  study: 'validateStudy',
};
type Type = keyof typeof VALIDATES;
const TYPES = Object.keys(VALIDATES) as Type[];

/** What strangers try, over all workflows: [workflow, what is wrong, how, every text that the message has to have] */
const MORE: readonly (readonly [Type, string, readonly Change[], readonly string[]])[] = [
  ['selfImprove', 'a number as a text', [['samples', '4']], ['samples: got "4", expected a number']],
  ['selfImprove', 'true for 1', [['samples', true]], ['samples: got true, expected a number']],
  [
    'selfImprove',
    'an object that is null',
    [['actor', null]],
    ['actor: got null, expected an object with the "base" of the actor'],
  ],
  [
    'selfImprove',
    'a name for an object',
    [['actor', 'models/actor']],
    ['actor: got "models/actor", expected an object'],
  ],
  ['selfImprove', 'a list for an object', [['test', []]], ['test: got [], expected "source" to be']],
  ['selfImprove', 'a million iterations', [['iterations', 1e6]], ['iterations: got 1000000, expected at most 100']],
  ['selfImprove', 'a billion samples', [['samples', 1e9]], ['samples: got 1000000000, expected at most 1024']],
  ['selfImprove', 'a seed out of range', [['seed', 2 ** 31]], ['seed: got 2147483648, expected at most 2147483647']],
  ['selfImprove', 'a date', [['seed', '2026-11-25']], ['seed: got "2026-11-25", expected a number']],
  ['selfImprove', 'an empty name', [['actor.base', '']], ['actor.base: got "", expected at least 1 character']],
  ['selfImprove', 'a name of spaces', [['actor.base', '  ']], ['actor.base: got "  ", expected', 'without spaces']],
  ['selfImprove', 'an option for a model', [['actor.base', '--help']], ['actor.base: got "--help"', 'a leading "-"']],
  ['selfImprove', 'a model of two lines', [['actor.base', 'a\nb']], ['actor.base: got "a\\nb"', 'without spaces']],
  ['selfImprove', 'a model that ends early', [['actor.base', 'a\0b']], ['actor.base: got "a\\u0000b"']],
  [
    'selfImprove',
    'an enum in another case',
    [['questions.split', 'Train']],
    ['questions.split: got "Train", expected "train"'],
  ],
  ['selfImprove', 'a level that there is not', [['test.levels', [6]]], ['test.levels.0: got 6, expected at most 5']],
  ['selfImprove', 'a level twice', [['test.levels', [1, 1]]], ['test.levels: got [1,1], expected each of them once']],
  [
    'selfImprove',
    'an FTP server',
    [['actor.endpoint.baseUrl', 'ftp://host/v1']],
    ['got "ftp://host/v1", expected an http'],
  ],
  [
    'selfImprove',
    'a URL with a space',
    [['actor.endpoint.baseUrl', 'http://a b/v1']],
    ['got "http://a b/v1", expected an http'],
  ],
  [
    'selfImprove',
    'a URL of one request',
    [['actor.endpoint.baseUrl', 'http://h/v1/chat/completions']],
    ['the URL before that'],
  ],
  [
    'selfImprove',
    'a path that ends early',
    [['test', { source: 'file', path: 'a\0b' }]],
    ['test.path: got "a\\u0000b", expected'],
  ],
  [
    'selfImprove',
    'a path too long',
    [['test', { source: 'file', path: 'x'.repeat(300) }]],
    ['test.path: got "xxx', 'expected the path'],
  ],
  [
    'selfImprove',
    'a folder without data',
    [['test', { source: 'file', path: 'scripts' }]],
    ['test.path: got "scripts"', 'no .jsonl'],
  ],
  [
    'selfImprove',
    'a folder for a file',
    [['refine', { source: 'alpaca', path: 'src' }]],
    ['refine.path: got "src", expected a file'],
  ],
  [
    'selfImprove',
    'a way out of the store',
    [['test', { source: 'file', path: 'runs/../../x' }]],
    ['test.path: got "runs/../../x"'],
  ],
  [
    'selfImprove',
    'an option for a revision',
    [['test', { source: 'hub', name: 'a/b', files: 'x', revision: '--x' }]],
    ['test.revision: got "--x"'],
  ],
  [
    'selfImprove',
    'a revision elsewhere',
    [['test', { source: 'hub', name: 'a/b', files: 'x', revision: 'a/../b' }]],
    ['test.revision: got "a/../b"'],
  ],
  [
    'selfImprove',
    'a dataset elsewhere',
    [['test', { source: 'hub', name: '../../etc', files: 'x' }]],
    ['test.name: got "../../etc"'],
  ],
  [
    'selfImprove',
    'a command for files',
    [['test', { source: 'hub', name: 'a/b', files: '$(id)' }]],
    ['test.files: got "$(id)"'],
  ],
  [
    'selfImprove',
    'a critic that is false',
    [['critic', false]],
    ['critic: got false, expected an object with the "model"'],
  ],
  [
    'selfImprove',
    'a critic that nobody promoted',
    [['critic.model', 'promoted/x']],
    ['critic.model: got "promoted/x"', 'there are none'],
  ],
  ['selfImprove', 'a field of another workflow', [['gates', ['verdict']]], ['gates: is not a known field']],
  ['evaluate', 'no gate', [['gates', []]], ['gates: got [], expected at least 1 item']],
  [
    'evaluate',
    'a gate twice',
    [['gates', ['oracle', 'oracle']]],
    ['gates: got ["oracle","oracle"], expected each of them once'],
  ],
  ['evaluate', 'a gate for a list', [['gates', 'verdict']], ['gates: got "verdict", expected a list [...]']],
  [
    'evaluate',
    'more critiqued than sampled',
    [['samplesWithCritic', 9]],
    ['samplesWithCritic: got 9, expected at most samples (6)'],
  ],
  ['evaluate', 'a k above N', [['ks', [1, 8]]], ['ks.1: got 8, expected at most samples (6)']],
  [
    'evaluate',
    'rounds without a critic',
    [
      ['critic', null],
      ['sequential', { rounds: 2 }],
    ],
    ['sequential: got {"rounds":2}, expected null'],
  ],
  ['evaluate', 'a limit without a price', [['costLimit', 5]], ['costLimit: got 5, expected a "price"']],
  ['evaluate', 'a limit below nothing', [['costLimit', -1]], ['costLimit: got -1, expected more than 0']],
  ['evaluate', 'a field of selfImprove', [['iterations', 2]], ['iterations: is not a known field']],
  [
    'evaluate',
    'a base for a model',
    [
      ['actor.model', undefined],
      ['actor.base', 'x'],
    ],
    ['actor.model: is missing', 'actor.base: is not'],
  ],
  [
    'evaluate',
    'a judge alone',
    [['oracle', { judge: { model: 'j', endpoint: { baseUrl: 'http://h/v1' } } }]],
    ['oracle.judge: got', '"mathVerify": true'],
  ],
  [
    'buildCritiques',
    'an unknown annotator',
    [['annotator', { source: 'gpt-4' }]],
    ['annotator.source: got "gpt-4", expected "source" to be'],
  ],
  [
    'buildCritiques',
    'no flaws',
    [['flaws', { rg1: null, rg2: null, rg3: null }]],
    ['flaws: got', 'at least one of rg1, rg2 and rg3'],
  ],
  [
    'buildCritiques',
    'more kept than refined',
    [['filter', { refinements: 3, keep: 5 }]],
    ['filter.keep: got 5, expected at most refinements (3)'],
  ],
  [
    'buildCritiques',
    'a mix of nothing',
    [['mix', { RG1: 0, RG2: 0, RG3: 0 }]],
    ['mix: got', 'expected a share above 0'],
  ],
  [
    'buildCritiques',
    'exact truth of GSM8K',
    [['questions', { source: 'gsm8k', split: 'train' }]],
    ['annotator.source: got "exact", expected "model"'],
  ],
  [
    'buildCritiques',
    'a name without an owner',
    [['push', { name: 'me' }]],
    ['push.name: got "me", expected the name of a dataset'],
  ],
  ['buildCritiques', 'a yield of 200 %', [['minYield', 2]], ['minYield: got 2, expected at most 1']],
  [
    'buildCritiques',
    'the test split',
    [['questions.split', 'test']],
    ['questions.split: got "test", expected "train"'],
  ],
  ['fineTune', 'no data', [['data', []]], ['data: got [], expected at least 1 item']],
  [
    'fineTune',
    'data that are not there',
    [['data', ['nowhere.jsonl']]],
    ['data: got "nowhere.jsonl", expected a file'],
  ],
  ['fineTune', 'data that are a folder', [['data', 'src']], ['data: got "src", expected a file']],
  [
    'fineTune',
    'data out of the store',
    [['data', 'runs/../../etc/passwd']],
    ['data: got "runs/../../etc/passwd", expected a file'],
  ],
  ['fineTune', 'a base elsewhere', [['base', '../../etc']], ['base: got "../../etc"', '".."']],
  ['fineTune', 'an unknown role', [['role', 'teacher']], ['role: got "teacher", expected "actor" or "critic"']],
  [
    'fineTune',
    'a critic without an actor',
    [
      ['role', 'critic'],
      ['evaluation', { questions: { source: 'arithmetic', split: 'test', count: 5 } }],
    ],
    ['evaluation.actor: is missing'],
  ],
  [
    'fineTune',
    'a promotion elsewhere',
    [['promote', { as: '../x', when: 'always' }]],
    ['promote.as: got "../x", expected letters'],
  ],
  ['selfTalk', 'no critic', [['critic', null]], ['critic: got null, expected an object {...}']],
  ['selfTalk', 'a thousand rounds', [['rounds', 1000]], ['rounds: got 1000, expected at most 64']],
  ['selfTalk', 'more kept than sampled', [['perQuestion', 5]], ['perQuestion: got 5, expected at most samples (1)']],
  [
    'selfTalk',
    'an evaluation of nothing',
    [['evaluation', { questions: { source: 'arithmetic', split: 'test', count: 5 } }]],
    ['evaluation: got', 'expected null, or "training"'],
  ],
  [
    'selfTalk',
    'an unknown smoother',
    [['smoother', { source: 'gpt' }]],
    ['smoother.source: got "gpt", expected "source" to be'],
  ],
  [
    'selfTalk',
    'an actor of another style',
    [['actor.style', 'self-talk']],
    ['actor.style: got "self-talk", expected "solution"'],
  ],
  ['study', 'no critiques', [['critiques', undefined]], ['critiques: is missing, expected an object']],
  ['study', 'a seed of its own for critiques', [['critiques.seed', 3]], ['critiques.seed: is not a known field']],
  [
    'study',
    'more questions than there are',
    [['evaluation.questions', 100]],
    ['evaluation.questions: got 100, expected at most test.count'],
  ],
  [
    'study',
    'what only a child refuses',
    [
      ['critiques.samples', 3],
      ['critiques.temperature', 0],
    ],
    ['critiques.samples: got 3, expected 1 at temperature 0'],
  ],
  ['study', 'less than no iterations', [['iterations', -1]], ['iterations: got -1, expected at least 0']],
];

/** What no object of JavaScript can be written as: text for the field `seed` of a run file, and what the message has to have. */
const RAW = [
  ['a number without end', '1e400', 'seed: got Infinity, expected a number'],
  ['its opposite', '-1e400', 'seed: got -Infinity, expected a number'],
  ['a prototype', '1, "__proto__": {"samples": 9}', '__proto__: is not a known field'],
  ['a constructor', '1, "constructor": {"prototype": {}}', 'constructor: is not a known field'],
  ['a deep list', '['.repeat(500) + ']'.repeat(500), 'seed: got [[[['],
] as const;

/** Inputs that are no object at all. */
const NOT_OBJECTS = ['"runs/demo.json"', '[]', 'null', '3', 'true'];

/** A key that somebody put where it does not belong: never repeated. */
const KEY = 'hf_PlantedKey123456';
const SECRETS: readonly (readonly [string, Change, string])[] = [
  ['a field for a key', ['actor.endpoint.apiKey', KEY], 'actor.endpoint.apiKey: is not a known field'],
  ['a key for its name', ['actor.endpoint.apiKeyEnv', KEY], 'the NAME of an environment variable'],
  ['a password in a URL', ['actor.endpoint.baseUrl', `http://me:${KEY}@h/v1`], 'no name or password in it'],
  ['a key in a URL', ['actor.endpoint.baseUrl', `http://h/v1?key=${KEY}`], 'nothing after its path'],
  ['a password in the URL of a file', ['test', { source: 'file', path: `https://me:${KEY}@h/x.jsonl` }], 'test.path: '],
  ['a key for an endpoint', ['actor.endpoint', KEY], 'actor.endpoint: expected an object'],
  ['a key for a model', ['critic', { model: KEY }], 'critic.model: expected a folder'],
];

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
async function startAndFail(id: string, type: string, ...input: string[]): Promise<string> {
  const started = await start(id, type, ...input);
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

const start = async (id: string, type: string, ...input: string[]) =>
  await temporal('workflow', 'start', '--type', type, '--task-queue', 'critique-loop', '--workflow-id', id, ...input);

async function runFile(name: string, text: string): Promise<string> {
  const file = join(bench.folder, `${name}.json`);
  await writeFile(file, text);
  return file;
}

/** Nothing but the validation was asked for, and nothing is in the store. */
async function expectNothingDone(id: string, type: Type): Promise<void> {
  expect(await activitiesOf(id)).toEqual([VALIDATES[type]]);
  expect(existsSync(bench.workers.store.path(`runs/${id}`))).toBe(false);
}

/** A right input of each workflow. */
const inputs: Record<Type, () => object> = {
  selfImprove: () => bench.input(fake),
  evaluate: () => anEvaluation({ url: fake.url }),
  buildCritiques: () => aCritiquesRun({ url: fake.url }),
  fineTune: () => ({ base: bench.actorFolder, data: 'test/fixtures/gsm8k-50.jsonl' }),
  selfTalk: () => aSelfTalk({ url: fake.url }),
  study: () => aStudy({ actorFolder: bench.actorFolder, url: fake.url }),
};

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
      const message = await startAndFail(id, 'selfImprove', '--input-file', file);
      for (const text of texts) expect(message).toContain(text);
      await expectNothingDone(id, 'selfImprove');
    },
  );

  it.each(MORE.map(([type, what, changes, texts], index) => ({ type, what, changes, texts, id: `worse-${index}` })))(
    '$type: $what',
    async ({ type, changes, texts, id }) => {
      const input = inputs[type]();
      for (const change of changes) set(input, change);
      const message = await startAndFail(id, type, '--input-file', await runFile(id, JSON.stringify(input)));
      for (const text of texts) expect(message).toContain(text);
      await expectNothingDone(id, type);
    },
  );

  it.each(RAW)('%s', async (what, text, expected) => {
    const id = `raw-${what.replace(/\W+/g, '-')}`;
    const file = JSON.stringify({ ...bench.input(fake), seed: 'RAW' }).replace('"RAW"', text);
    expect(await startAndFail(id, 'selfImprove', '--input-file', await runFile(id, file))).toContain(expected);
    expect(existsSync(bench.workers.store.path(`runs/${id}`))).toBe(false);
  });

  it.each(SECRETS)('%s: what may be a secret is not repeated', async (what, change, expected) => {
    const id = `secret-${what.replace(/\W+/g, '-')}`;
    const input = bench.input(fake);
    set(input, change);
    const message = await startAndFail(id, 'selfImprove', '--input-file', await runFile(id, JSON.stringify(input)));
    expect(message).toContain(expected);
    expect(message).not.toContain('Planted');
    await expectNothingDone(id, 'selfImprove');
  });

  it.each(TYPES.flatMap((type) => NOT_OBJECTS.map((text) => ({ type, text }))))(
    '$type: $text is not an object',
    async ({ type, text }) => {
      const id = `bad-${type}-${text.replace(/\W+/g, '_')}`;
      const message = await startAndFail(id, type, '--input', text);
      expect(message).toBe(`invalid input: (the input): got ${text}, expected an object {...}`);
      await expectNothingDone(id, type);
    },
  );

  it.each(TYPES)('%s: no input at all', async (type) => {
    const message = await startAndFail(`bad-${type}-none`, type);
    expect(message).toBe('invalid input: (the input): is missing, expected an object {...}');
    await expectNothingDone(`bad-${type}-none`, type);
  });

  it.each(TYPES)('%s: two inputs', async (type) => {
    const message = await startAndFail(`bad-${type}-two`, type, '--input', '{}', '--input', '{"results":1}');
    expect(message).toBe('(the input): got 2 of them, expected one object');
    expect(await activitiesOf(`bad-${type}-two`)).toEqual([]);
  });

  it('a workflow ID whose children would have none', async () => {
    const message = await startAndFail('ü'.repeat(460), 'selfImprove', '--input', '{}');
    expect(message).toBe('workflow ID: got 920 bytes, expected at most 900');
  });

  it.each(['../../out', 'a/b', '-rf', '.hidden', 'über uns', 'runs/../../out', 'x'.repeat(400)])(
    'the workflow ID %s is a folder of the store',
    async (id) => {
      const input = { ...inputs.evaluate(), questions: { source: 'file', path: await runFile('empty.jsonl', '') } };
      await startAndFail(id, 'evaluate', `--input=${JSON.stringify(input)}`);
      expect(await activitiesOf(id)).toEqual(['validateEvaluate', 'loadEvaluation']);
      expect(existsSync(join(bench.workers.store.path(runFolder(id)), 'run.json'))).toBe(true);
      expect((await readdir(bench.folder)).filter((name) => name === 'out')).toEqual([]);
    },
  );

  it('a megabyte of questions in the run file', async () => {
    const input = {
      ...bench.input(fake),
      questions: Array(24_000).fill({ question: 'What is 1 + 1?', answer: '#### 2' }),
    };
    const message = await startAndFail(
      'bad-big',
      'selfImprove',
      '--input-file',
      await runFile('big', JSON.stringify(input)),
    );
    expect(message).toBe(
      '(the input): got 1.1 MB, expected at most 1 MB: questions belong into files that a "path" names',
    );
    expect(await activitiesOf('bad-big')).toEqual([]);
  });

  it.each([4000, 9900])('lists in lists, %d of them', async (depth) => {
    const id = `bad-deep-${depth}`;
    const file = JSON.stringify({ ...bench.input(fake), seed: 'RAW' }).replace(
      '"RAW"',
      '['.repeat(depth) + ']'.repeat(depth),
    );
    const message = await startAndFail(id, 'selfImprove', '--input-file', await runFile(id, file));
    expect(message).toMatch(/seed: got \S+, expected a number|nested too deep/);
  });

  it('three megabytes: Temporal itself refuses them', async () => {
    const file = await runFile('huge', JSON.stringify({ ...bench.input(fake), seed: 'x'.repeat(3_000_000) }));
    const started = await start('bad-huge', 'selfImprove', '--input-file', file);
    expect(started.code).toBe(1);
    expect(started.stderr).toMatch(/exceeds.*limit|too large/i);
  });

  it('a run file that is not JSON: the CLI says so', async () => {
    const started = await start('bad-json', 'selfImprove', '--input-file', await runFile('json', '{"iterations": 1,}'));
    expect(started.code).toBe(1);
    expect(started.stderr).toContain('not valid JSON');
  });

  it.each(['selfimprove', 'SelfImprove', 'train', '__proto__', 'default'])(
    'the workflow type %s, which there is not',
    async (type) => {
      const message = await startAndFail(`bad-type-${type}`, type, '--input', '{}');
      expect(message).toBe(
        `workflow type: got "${type}", expected "selfImprove" or "evaluate" or "buildCritiques" or "fineTune" or "selfTalk" or "study"`,
      );
      expect(await activitiesOf(`bad-type-${type}`)).toEqual([]);
    },
  );

  it.each([
    ['iterate', 'selfImprove'],
    ['supervise', 'evaluate'],
  ])('the workflow type %s, which is a part of another', async (type, whole) => {
    const message = await startAndFail(`bad-type-${type}`, type, '--input', '{}');
    expect(message).toBe(`workflow type: got "${type}", a part of "${whole}": start that`);
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
    const message = await startAndFail(id, 'selfImprove', '--input-file', join(folder, 'run.json'));
    expect(message).toMatch(/^invalid input: test: /);
    expect(message).toContain(expected);
    expect(await activitiesOf(id)).toEqual(['validateInput', 'loadDatasets']);
    expect((await readdir(bench.workers.store.path(`runs/${id}`))).sort()).toEqual(['datasets', 'run.json']);
  });

  it('nothing was asked of an engine or a trainer', () => {
    expect(fake.requests).toEqual([]);
    expect(bench.workers.training.submitted).toEqual([]);
    expect(new Set(bench.workers.started)).toEqual(
      new Set([...Object.values(VALIDATES), 'loadDatasets', 'loadEvaluation']),
    );
  });
});
