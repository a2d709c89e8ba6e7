import { describe, expect, test } from 'vitest';
import { Questions } from '../../src/config/datasets.ts';
import { parseInput } from '../../src/config/parse.ts';

const file = { source: 'file', path: 'q.parquet' };
const hub = { source: 'hub', name: 'org/data', files: 'test.jsonl' };
const math = { source: 'math', split: 'train' };

const issuesOf = (input: object) =>
  parseInput(Questions, input).issues?.map(({ field, message }) => `${field}: ${message}`);

describe('questions', () => {
  test.each([
    { source: 'gsm8k', split: 'train', count: 10, seed: 3 },
    { ...math, levels: [4, 5], subjects: ['Counting & Probability'], path: 'MATH' },
    {
      ...file,
      fields: { question: 'task.text', answer: 'gold', solution: 'proof', level: 'd', subject: 's', id: 'k' },
    },
    { ...file, levels: [1], fields: { level: 'level' }, answers: 'plain' },
    { ...file, source: 'jsonl' },
    { ...hub, revision: 'refs/pr/3', tokenEnv: 'MY_TOKEN' },
  ])('may be %j, and parse to the same again', (input) => {
    const { value, issues } = parseInput(Questions, input);
    expect(issues).toBeUndefined();
    expect(value).toMatchObject(input);
    expect(parseInput(Questions, value).value).toEqual(value);
  });

  test('of any file or dataset of the hub have the names and the convention of GSM8K by default', () => {
    const fields = { question: 'question', answer: 'answer' };
    expect(parseInput(Questions, file).value).toEqual({ ...file, fields, answers: 'gsm8k' });
    expect(parseInput(Questions, hub).value).toEqual({ ...hub, revision: 'main', fields, answers: 'gsm8k' });
  });

  test.each<[object, string]>([
    [{ source: 'web' }, 'source: got "web", expected "source" to be "arithmetic", "gsm8k", "math", "file" or "hub"'],
    [{ ...math, split: 'dev' }, 'split: got "dev", expected "train" or "test"'],
    [{ ...math, levels: [0] }, 'levels.0: got 0, expected at least 1'],
    [
      { ...math, subjects: ['Topology'] },
      'subjects.0: got "Topology", expected "Algebra" or "Counting & Probability" or',
    ],
    [{ ...math, fields: {} }, 'fields: is not a known field: check its spelling'],
    [{ source: 'gsm8k', split: 'test', levels: [1] }, 'levels: is not a known field: check its spelling'],
    [{ ...math, seed: 3 }, 'count: is missing, expected with "seed": how many questions to draw'],
    [{ ...math, count: 5, seed: -1 }, 'seed: got -1, expected at least 0'],
    [{ ...file, fields: { answers: 'x' } }, 'fields.answers: is not a known field: check its spelling'],
    [{ ...file, fields: { id: '' } }, 'fields.id: got "", expected at least 1 character'],
    [{ ...file, levels: [1] }, 'fields.level: is missing, expected with "levels": the name of the field that has them'],
    [
      { ...hub, subjects: ['a'] },
      'fields.subject: is missing, expected with "subjects": the name of the field that has them',
    ],
    [{ ...hub, name: 'gsm8k' }, 'name: got "gsm8k", expected the name of a dataset on the hub, like openai/gsm8k'],
    [{ ...hub, name: '../x' }, 'name: got "../x", expected the name of a dataset on the hub'],
    [{ ...hub, revision: '../x' }, 'revision: got "../x", expected a branch, a tag or a commit'],
    [{ source: 'hub', name: 'org/data' }, 'files: is missing, expected a text'],
    [{ ...hub, files: '../*.jsonl' }, 'files: got "../*.jsonl", expected names as the hub lists them'],
    [{ ...hub, tokenEnv: 'hf_secret' }, 'tokenEnv: expected the NAME of an environment variable, not a token'],
  ])('that are %j are refused by the field', (input, said) => {
    const issues = issuesOf(input);
    expect(issues).toHaveLength(1);
    expect(issues![0]).toContain(said);
  });
});
