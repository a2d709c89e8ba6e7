import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkStudy } from '../../src/activities/check-study.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import type { StudyInput } from '../../src/config/study.ts';
import { emptyCheckpoint } from '../support/run-input.ts';
import { aStudy } from '../support/study-input.ts';

let folder: string;
let actorFolder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
  actorFolder = await emptyCheckpoint(join(folder, 'base'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const nowhere = new FolderStore('/nowhere');

const issuesOf = async (change: (study: StudyInput) => object): Promise<string[]> => {
  const study = aStudy({ actorFolder, url: 'http://127.0.0.1:1/v1' });
  const { issues = [] } = await checkStudy({ ...study, ...change(study) }, nowhere);
  return issues.map(({ field, message }) => `${field}: ${message}`);
};

describe('the input of a study', () => {
  it.each(['demo', 'gsm8k'])('is right in runs/study-%s.json', async (name) => {
    const input = JSON.parse(await readFile(`runs/study-${name}.json`, 'utf8'));
    expect((await checkStudy(input, nowhere)).issues).toBeUndefined();
  });

  it('is right', async () => {
    expect(await issuesOf(() => ({}))).toEqual([]);
    expect(await issuesOf(() => ({ selfTalk: null, selfCorrection: false, evaluation: undefined }))).toEqual([]);
  });

  it.each<[string, (study: StudyInput) => object, string[]]>([
    ['no critic', () => ({ critic: null }), ['critic: got null, expected an object {...}']],
    ['a misspelt field', () => ({ evalution: {} }), ['evalution: is not a known field: check its spelling']],
    ['a number that is none', () => ({ iterations: 'two' }), ['iterations: got "two", expected a number']],
    [
      'two bases that are nowhere',
      ({ critic }) => ({
        actor: { base: 'no/such/folder' },
        critic: { ...critic, base: 'models/nobody', endpoint: undefined },
      }),
      [
        'actor.base: got "no/such/folder", expected a folder with a Hugging Face checkpoint (config.json) or a hub name like org/model',
        'critic.base: got "models/nobody", expected a folder with a Hugging Face checkpoint (config.json), or an "endpoint" that serves it',
      ],
    ],
    [
      'the test split to train on',
      ({ reason }) => ({ reason: { ...reason, split: 'test' } }),
      ['reason.split: got "test", expected "train": the test split is only for "test"'],
    ],
    [
      'a file that is missing',
      () => ({ test: { source: 'file', path: 'nowhere.jsonl' } }),
      [expect.stringContaining('test.path: got "nowhere.jsonl", expected a file or a folder: there is no file')],
    ],
    [
      'more critiqued than sampled',
      () => ({ evaluation: { samples: 2, samplesWithCritic: 3 } }),
      ['evaluation.samplesWithCritic: got 3, expected at most samples (2)'],
    ],
    [
      'more measured than sampled',
      () => ({ evaluation: { samples: 2, ks: [1, 4] } }),
      ['evaluation.ks.1: got 4, expected at most samples (2)'],
    ],
    [
      'a chain without a first sample',
      () => ({ evaluation: { samples: 0, rounds: 2 } }),
      [expect.stringContaining('evaluation.rounds: ')],
    ],
    [
      'more questions than there are',
      () => ({ evaluation: { questions: 21 } }),
      ['evaluation.questions: got 21, expected at most test.count (20)'],
    ],
    [
      'samples that are all the same',
      ({ actor, critiques }) => ({
        actor: { ...actor, temperature: 0 },
        evaluation: {},
        critiques: { ...critiques, samples: 1 },
      }),
      [expect.stringContaining('samples: got 2, expected 1 at actor.temperature 0')],
    ],
    [
      'a filter that nothing can pass',
      ({ critiques }) => ({ critiques: { ...critiques, filter: { refinements: 2, keep: 3 } } }),
      [expect.stringContaining('critiques.filter.keep: got 3')],
    ],
    [
      'more self-talks than chains',
      () => ({ selfTalk: { perQuestion: 2, samples: 1 } }),
      ['selfTalk.perQuestion: got 2, expected at most samples (1)'],
    ],
    [
      'two mistakes in different parts',
      () => ({ samples: 0, training: { critic: { epochs: -1 } } }),
      ['samples: got 0, expected at least 1', 'training.critic.epochs: got -1, expected more than 0'],
    ],
  ])('with %s is told so', async (_, change, said) => {
    expect(await issuesOf(change)).toEqual(said);
  });
});
