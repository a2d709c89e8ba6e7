import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkEvaluate, checkSelfImprove } from '../../src/activities/check-input.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';

const MADE = { source: 'arithmetic', split: 'train', count: 5 };
const math8 = 'test/fixtures/math-8.jsonl';
const plain = { source: 'file', path: math8, answers: 'plain' };
const hub = { source: 'hub', name: 'org/x', files: '*.jsonl' };

const nowhere = new FolderStore('/nowhere');

async function issuesOf(datasets: object): Promise<string[]> {
  const rest = { iterations: 0, actor: { base: 'org/actor' }, critic: null };
  const input: object = { ...rest, questions: MADE, reason: MADE, test: MADE, ...datasets };
  const { issues = [] } = await checkSelfImprove(input, nowhere);
  return issues.map(({ field, message }) => `${field}: ${message}`);
}

describe('the datasets of a run file', () => {
  it.each([
    { test: { source: 'math', split: 'test', path: math8 } },
    { test: { source: 'file', path: 'test/fixtures/*.parquet' } },
    { test: { source: 'gsm8k', split: 'test' }, questions: { source: 'math', split: 'train' } },
    { test: hub, reason: { ...plain, fields: { solution: 'solution' } } },
  ])('may be %j', async (datasets) => {
    expect(await issuesOf(datasets)).toEqual([]);
  });

  it.each([
    [
      { test: { source: 'file', path: 'nowhere/test.parquet' } },
      'test.path: got "nowhere/test.parquet", expected a file or a folder: there is no file /',
    ],
    [
      { test: { source: 'file', path: 'test/fixtures/*.csv' } },
      'test.path: got "test/fixtures/*.csv", expected a file or a folder: there is no file that matches /',
    ],
    [
      { test: { source: 'file', path: 'src/method' } },
      'test.path: got "src/method", expected a file or a folder: there is no .jsonl, .json or .parquet file in',
    ],
    [
      { questions: { source: 'math', split: 'test' } },
      'questions.split: got "test", expected "train": the test split is only for "test"',
    ],
    [{ reason: plain }, 'reason.answers: got "plain", expected worked solutions to train on'],
    [
      { test: { ...hub, tokenEnv: 'CRITIQUE_LOOP_NO_TOKEN' } },
      'test.tokenEnv: expected the name of a variable that is set',
    ],
  ])('that are %j are wrong', async (datasets, said) => {
    expect(await issuesOf(datasets)).toEqual([expect.stringContaining(said)]);
  });

  it('may name a token that is there', async () => {
    vi.stubEnv('CRITIQUE_LOOP_TEST_TOKEN', 'hf_x');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await issuesOf({ test: { ...hub, tokenEnv: 'CRITIQUE_LOOP_TEST_TOKEN' } })).toEqual([]);
  });
});

describe('a critic that is retrained', () => {
  const endpoint = { baseUrl: 'http://127.0.0.1:1/v1' };

  it('starts from its own model or another, and learns from rows that are there', async () => {
    expect(await issuesOf({ critic: { model: 'models/critic', maxTokens: 176, retrain: {} } })).toEqual([]);
    expect(
      await issuesOf({ critic: { model: 'served', endpoint, retrain: { base: 'org/critic', data: [math8] } } }),
    ).toEqual([]);
  });

  it.each([
    [{ retrain: {} }, 'critic.retrain.base: got "served", expected a folder with a Hugging Face checkpoint'],
    [
      { retrain: { base: 'org/critic', data: [math8, 'runs/none/critic-sft.jsonl'] } },
      'critic.retrain.data: got "runs/none/critic-sft.jsonl", expected a file or an artifact of a run',
    ],
    [{ retrain: { base: 'promoted/none' } }, 'critic.retrain.base: got "promoted/none", expected a name that'],
  ])('%j is wrong', async (retrain, said) => {
    expect(await issuesOf({ critic: { model: 'served', endpoint, ...retrain } })).toEqual([
      expect.stringContaining(said),
    ]);
  });
});

describe('an evaluation', () => {
  const input = {
    actor: { model: 'models/actor', maxTokens: 96 },
    critic: { model: 'models/critic', maxTokens: 176 },
    questions: { source: 'arithmetic', split: 'test', count: 10 },
  };
  const check = (change: object, store = nowhere) => checkEvaluate({ ...input, ...change }, store);

  it('finds what it names', async () => {
    expect((await check({})).issues).toBeUndefined();
    expect((await check({ actor: { model: 'models/none' } })).issues).toEqual([
      {
        field: 'actor.model',
        message:
          'got "models/none", expected a folder with a Hugging Face checkpoint (config.json), or an "endpoint" that serves it',
      },
    ]);
    expect(
      (await check({ actor: { model: 'served', endpoint: { baseUrl: 'http://127.0.0.1:1/v1' } } })).issues,
    ).toBeUndefined();
  });

  it('takes a checkpoint as the result of a run names it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'critique-loop-check-'));
    try {
      const uri = 'runs/my-run/iteration-2/fine-tune/checkpoint';
      const store = new FolderStore(folder);
      expect((await check({ actor: { model: uri } }, store)).issues).toHaveLength(1);
      await mkdir(join(folder, uri), { recursive: true });
      await writeFile(join(folder, uri, 'config.json'), '{}');
      expect((await check({ actor: { model: uri } }, store)).value?.actor.model).toBe(uri);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('takes what a fine-tune promoted by its name, and says which there are', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'critique-loop-check-'));
    try {
      const store = new FolderStore(folder);
      const critic = { model: 'promoted/critic' };
      const unknown = 'got "promoted/critic", expected a name that a fine-tune promoted: ';
      expect((await check({ critic }, store)).issues).toEqual([
        { field: 'critic.model', message: `${unknown}there are none` },
      ]);
      const uri = 'runs/tune/fine-tune/checkpoint';
      for (const path of ['promoted', uri]) await mkdir(join(folder, path), { recursive: true });
      await writeFile(join(folder, uri, 'config.json'), '{}');
      await writeFile(join(folder, 'promoted/other.json'), JSON.stringify({ checkpoint: { uri } }));
      expect((await check({ critic }, store)).issues).toEqual([
        { field: 'critic.model', message: `${unknown}there are other` },
      ]);
      const found = await check({ critic: { model: 'promoted/other' } }, store);
      expect(found.value?.critic?.model).toBe(uri);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('names what is wrong in parts that are right in themselves, too', async () => {
    const { issues } = await check({
      samples: -1,
      critic: { model: 'none/at/all' },
      questions: { source: 'gsm8k', split: 'test', path: 'absent.jsonl' },
    });
    expect(issues?.map(({ field }) => field)).toEqual(['samples', 'critic.model', 'questions.path']);
  });
});

const ARITHMETIC = { source: 'arithmetic', split: 'train', count: 5 } as const;

it('a text that would fill the whole context of its model is refused before every request is', async () => {
  const shape = { iterations: 0, questions: ARITHMETIC, reason: ARITHMETIC, test: { ...ARITHMETIC, split: 'test' } };
  const issues = async (actor: object, critic: object | null) =>
    (await checkSelfImprove({ ...shape, actor, critic }, nowhere)).issues;
  expect(
    await issues({ base: 'models/actor', maxTokens: 1023 }, { model: 'models/critic', maxTokens: 1023 }),
  ).toBeUndefined();
  expect(await issues({ base: 'models/actor' }, { model: 'models/critic' })).toEqual([
    {
      field: 'actor.maxTokens',
      message: 'got 1024, expected fewer than the 1024 tokens that are the context of models/actor',
    },
    {
      field: 'critic.maxTokens',
      message: 'got 1536, expected fewer than the 1024 tokens that are the context of models/critic',
    },
  ]);
});
