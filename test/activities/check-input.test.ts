import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkSelfImprove } from '../../src/activities/check-input.ts';

const MADE = { source: 'arithmetic', split: 'train', count: 5 };
const math8 = 'test/fixtures/math-8.jsonl';
const plain = { source: 'file', path: math8, answers: 'plain' };
const hub = { source: 'hub', name: 'org/x', files: '*.jsonl' };

function issuesOf(datasets: object): string[] {
  const rest = { iterations: 0, actor: { base: 'org/actor' }, critic: null };
  const input = { ...rest, questions: MADE, reason: MADE, test: MADE, ...datasets };
  return (checkSelfImprove(input).issues ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('the datasets of a run file', () => {
  it.each([
    { test: { source: 'math', split: 'test', path: math8 } },
    { test: { source: 'file', path: 'test/fixtures/*.parquet' } },
    { test: { source: 'gsm8k', split: 'test' }, questions: { source: 'math', split: 'train' } },
    { test: hub, reason: { ...plain, fields: { solution: 'solution' } } },
  ])('may be %j', (datasets) => {
    expect(issuesOf(datasets)).toEqual([]);
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
  ])('that are %j are wrong', (datasets, said) => {
    expect(issuesOf(datasets)).toEqual([expect.stringContaining(said)]);
  });

  it('may name a token that is there', () => {
    vi.stubEnv('CRITIQUE_LOOP_TEST_TOKEN', 'hf_x');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(issuesOf({ test: { ...hub, tokenEnv: 'CRITIQUE_LOOP_TEST_TOKEN' } })).toEqual([]);
  });
});
