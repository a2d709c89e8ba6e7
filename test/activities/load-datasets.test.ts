import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Datasets, loadDatasets } from '../../src/activities/load-datasets.ts';
import { readRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { SelfImprove, type SelfImproveConfig } from '../../src/config/self-improve.ts';
import type { Question } from '../../src/method/rows.ts';
import { startFakeHub } from '../backends/datasets/fake-hub.ts';

let folder: string;
let store: FolderStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  store = new FolderStore(join(folder, 'store'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const MADE = { source: 'arithmetic', split: 'train', count: 5 } as const;

function configOf(datasets: object): SelfImproveConfig {
  const rest = { iterations: 0, actor: { base: 'org/actor' }, critic: null };
  return SelfImprove.parse({ ...rest, questions: MADE, reason: MADE, test: { ...MADE, split: 'test' }, ...datasets });
}

/** Fails in silence. */
async function load(datasets: object): Promise<Datasets> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  return await environment.run(loadDatasets, { store }, { run: 'runs/x', config: configOf(datasets) });
}

async function file(name: string, questions: string[]): Promise<object> {
  const path = join(folder, name);
  await writeFile(path, questions.map((question) => `${JSON.stringify({ question, answer: '#### 1' })}\n`).join(''));
  return { source: 'file', path };
}

async function asked(datasets: Datasets, name: 'questions' | 'test'): Promise<string[]> {
  const texts: string[] = [];
  for await (const { question } of readRows<Question>(store, datasets[name])) texts.push(question);
  return texts;
}

const AMANDA = 'Amanda got $50. She buys two tapes that cost $9 each and a book that costs $25. How much has she left?';

describe('the datasets of a run', () => {
  it('are in the store, whatever becomes of the files', async () => {
    const datasets = await load({
      questions: await file('q.jsonl', ['a?', 'b?']),
      refine: { source: 'arithmetic', count: 3 },
    });
    await rm(join(folder, 'q.jsonl'));
    expect(await asked(datasets, 'questions')).toEqual(['a?', 'b?']);
    expect(datasets).toMatchObject({ reason: { rows: 5 }, refine: { rows: 3 }, test: { rows: 5 }, warnings: [] });
  });

  it('that train on test questions are a warning, with some of them', async () => {
    const train = [AMANDA.toUpperCase(), 'Who?', `${AMANDA.replace('Amanda', 'Bea')} Think.`, 'Why?'];
    const { warnings } = await load({
      questions: await file('train.jsonl', train),
      test: await file('test.jsonl', [AMANDA, 'Where?', 'Why ?']),
      refine: { source: 'arithmetic', count: 3 },
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^2 of the 3 test questions are also in "questions" \(2 word for word, 0 nearly; for instance row-\w+ as row-\w+, row-\w+ as row-\w+\): the accuracy on the test set is not to be trusted$/,
      ),
    ]);
  });

  it('that are made of the same templates are not', async () => {
    const many = { count: 2000, seed: 1 };
    const { warnings } = await load({
      questions: { ...MADE, ...many },
      test: { ...MADE, ...many, split: 'test' },
      refine: { source: 'arithmetic', count: 500, seed: 2 },
    });
    expect(warnings).toEqual([]);
  });

  it('that have fewer questions than asked for are a warning', async () => {
    const { warnings } = await load({ test: { ...(await file('t.jsonl', ['a?', 'b?'])), count: 3 } });
    expect(warnings).toEqual(['"test" has 2 questions, fewer than its count of 3']);
  });

  it('with a mistake are refused by their name and what is wrong', async () => {
    const broken = await file('t.jsonl', ['a?', '']);
    await expect(load({ test: broken })).rejects.toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(
        /^invalid input: test: .*t\.jsonl, line 2: expected a text in "question", got ""$/,
      ),
    });
    await expect(load({ reason: await file('r.jsonl', []) })).rejects.toThrow('reason: the dataset has no rows');
    const nowhere = { source: 'hub', name: 'org/x', files: '*.jsonl', tokenEnv: 'CRITIQUE_LOOP_NO_TOKEN' };
    await expect(load({ questions: nowhere })).rejects.toThrow('invalid input: questions: "tokenEnv" names');
  });

  it('on the hub are those of the first start, also when the run is started again', async () => {
    const row = (question: string) => JSON.stringify({ question, answer: '#### 1' });
    const first = 'a'.repeat(40);
    const hub = await startFakeHub({ 'org/x': { commit: first, files: { 'x.jsonl': row('old?') } } });
    vi.stubEnv('HF_ENDPOINT', hub.origin);
    const test = { source: 'hub', name: 'org/x', files: '*.jsonl' };
    expect(await asked(await load({ test }), 'test')).toEqual(['old?']);

    hub.repositories['org/x'] = { commit: 'b'.repeat(40), files: { 'x.jsonl': row('new?') } };
    const again = await load({ test });
    expect(await asked(again, 'test')).toEqual(['old?']);
    const chunks: Buffer[] = [];
    for await (const chunk of store.read('runs/x/datasets/origins.json')) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({
      test: { name: 'org/x', revision: 'main', commit: first, files: ['x.jsonl'] },
    });
  });
});
